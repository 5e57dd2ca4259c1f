package tagboat_test

import (
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestParseECRHost(t *testing.T) {
	for host, want := range map[string]string{
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com":          "123456789012 eu-west-1",
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn":      "123456789012 cn-north-1",
		"123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com": "123456789012 us-gov-west-1",
		"123456789012.dkr-ecr.us-west-2.on.aws":                 "123456789012 us-west-2",
		"public.ecr.aws":                                        " ",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil":     " ",
		"12.dkr.ecr.eu-west-1.amazonaws.com":                    " ",
	} {
		account, region, ok := tagboat.ParseECRHost(host)
		if got := account + " " + region; got != want || ok != (want != " ") {
			t.Errorf("%s: %s, %t", host, got, ok)
		}
	}
}

func TestECRHostIsParsedAgain(t *testing.T) {
	for _, region := range []string{"eu-west-1", "cn-north-1", "us-gov-west-1"} {
		account, in, ok := tagboat.ParseECRHost(tagboat.ECRHost("123456789012", region))
		expect.Equal(t, []any{"123456789012", region, true}, []any{account, in, ok})
	}
	expect.Equal(t, "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", tagboat.ECRHost("123456789012", "cn-north-1"))
}
