package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestParseImageArg(t *testing.T) {
	tests := []struct {
		arg  string
		want catalog.ImageArg
	}{
		{"api", catalog.ImageArg{Image: "api"}},
		{"api=1.4.2", catalog.ImageArg{Image: "api", Tag: "1.4.2"}},
		{"radio/air-socket-app=v1", catalog.ImageArg{Image: "radio/air-socket-app", Tag: "v1"}},
		{"api@" + digest, catalog.ImageArg{Image: "api", Digest: digest}},
		{"api=v1@" + digest, catalog.ImageArg{Image: "api", Tag: "v1", Digest: digest}},
		{"api:1.4.2", catalog.ImageArg{Image: "api", Tag: "1.4.2"}},
		{"api@1.4.2", catalog.ImageArg{Image: "api", Tag: "1.4.2"}},
		{"api=" + digest, catalog.ImageArg{Image: "api", Digest: digest}},
		{"api:" + digest, catalog.ImageArg{Image: "api", Digest: digest}},
		{"api:v1@" + digest, catalog.ImageArg{Image: "api", Tag: "v1", Digest: digest}},
		{"api@80b088460eec", catalog.ImageArg{Image: "api", Short: "80b088460eec"}},
		{"api@sha256:80b088460eec", catalog.ImageArg{Image: "api", Short: "80b088460eec"}},
		{"api=80b088460eec", catalog.ImageArg{Image: "api", Tag: "80b088460eec"}},
		{"api@80b0884", catalog.ImageArg{Image: "api", Tag: "80b0884"}},
	}
	for _, test := range tests {
		t.Run(test.arg, func(t *testing.T) {
			got, err := parseImageArg(test.arg)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, arg := range []string{"", "=v1", "api=", "api=a b", "api@sha256:12", "api@", "@" + digest, "api=v1@latest", "api:", "api=v1@", "api=@" + digest, "api=v1@80b088460eec", "api==v1", "api=v1:v2", "api@sha256:" + digest} {
		t.Run("bad "+arg, func(t *testing.T) {
			got, err := parseImageArg(arg)
			if tagboat.KindOf(err) != tagboat.Usage {
				t.Errorf("got %+v and error %v, wanted an error of kind Usage", got, err)
			}
		})
	}
}
