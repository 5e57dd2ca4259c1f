package tagboat_test

import (
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestDigest(t *testing.T) {
	d := expect.Value(tagboat.ParseDigest("sha256:" + hex))(t)
	if d.Hex() != hex || d.Short() != hex[:12] || d.String() != "sha256:"+hex {
		t.Errorf("%s %s %s", d.Hex(), d.Short(), d)
	}
	if none := tagboat.Digest(""); none.Hex() != "" || none.Short() != "" {
		t.Errorf("the zero value is %q, %q", none.Hex(), none.Short())
	}
	for _, s := range []string{"", "sha256:", hex, "sha256:" + hex[1:], "sha256:" + hex + "0", "sha256:G" + hex[1:], "sha1:" + hex, "SHA256:" + hex} {
		if d, err := tagboat.ParseDigest(s); err == nil || d != "" || tagboat.KindOf(err) != tagboat.Usage {
			t.Errorf("%q: %q, %v", s, d, err)
		}
	}
}
