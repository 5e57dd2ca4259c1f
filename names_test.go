package tagboat_test

import (
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestValidName(t *testing.T) {
	for _, s := range []string{"dev", "mb-dev", "a.b_c", "1", strings.Repeat("a", 100)} {
		if !tagboat.ValidName(s) || !tagboat.ValidImageName(s) {
			t.Errorf("%q is no name", s)
		}
	}
	for _, s := range []string{"", "-a", "_a", "a b", "a/b", "é", "a\n", strings.Repeat("a", 101)} {
		if tagboat.ValidName(s) {
			t.Errorf("%q is a name", s)
		}
	}
	if !tagboat.ValidImageName("radio/air-socket") || tagboat.ValidImageName("/a") || tagboat.ValidImageName("a:1") {
		t.Error("an image's name may have slashes, and no colon")
	}
}

func TestValidRegistryNames(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "reg.example": true, "127.0.0.1:4510": true, "[::1]:80": true,
		"": false, "reg": false, "reg.example/": false, "https://reg.example": false, "reg.example:x": false,
	} {
		expect.EqualIn(t, host, want, tagboat.ValidHost(host))
	}
}
