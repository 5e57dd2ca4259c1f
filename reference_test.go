package tagboat_test

import (
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
)

const hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestParseReference(t *testing.T) {
	for s, want := range map[string]tagboat.Reference{
		"nginx":                               {Repository: "nginx"},
		"shop/api:1.4.2":                      {Repository: "shop/api", Tag: "1.4.2"},
		"localhost/api":                       {Host: "localhost", Repository: "api"},
		"localhost:5000/a/b__c:v_1":           {Host: "localhost:5000", Repository: "a/b__c", Tag: "v_1"},
		"reg.example/api@sha256:" + hex:       {Host: "reg.example", Repository: "api", Digest: "sha256:" + hex},
		"reg.example:443/api:1@sha256:" + hex: {Host: "reg.example:443", Repository: "api", Tag: "1", Digest: "sha256:" + hex},
		"[::1]:5000/api":                      {Host: "[::1]:5000", Repository: "api"},
		"api:443":                             {Repository: "api", Tag: "443"},
	} {
		got, err := tagboat.ParseReference(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		}
		expect.EqualIn(t, s, want, got)
		if got.String() != s {
			t.Errorf("%s is written %s", s, got)
		}
	}
}

// TestParseReferenceV7 has the forms that broke other tools' parsers, and what those
// made of them.
func TestParseReferenceV7(t *testing.T) {
	for _, s := range []string{
		"", "/", "a//b", "/api", "api/", "Api", "api:", "api:a b", "api:-1", "api@", "api@sha256:v2", "api@sha256:" + hex[1:],
		"api@sha256:" + strings.ToUpper(hex), "api@sha512:" + hex, "api@sha256:" + hex + ":v2", "api:1:2", "reg.example/", "reg.example:x/api",
		"http://reg.example/api", "a.b.:1/c", strings.Repeat("a", 256), "api:" + strings.Repeat("a", 129),
	} {
		if got, err := tagboat.ParseReference(s); err == nil {
			t.Errorf("%q is %#v", s, got)
		} else if tagboat.KindOf(err) != tagboat.Usage {
			t.Errorf("%q: kind of %v", s, err)
		}
	}
}

func TestReferenceForms(t *testing.T) {
	r := tagboat.Reference{Host: "reg.example", Repository: "api", Tag: "1", Digest: "sha256:" + hex}
	expect.EqualIn(t, "pinned", "reg.example/api@sha256:"+hex, r.Pinned())
	expect.EqualIn(t, "without a digest it is pinned to", "", (tagboat.Reference{Repository: "api", Tag: "1"}).Pinned())
}

func TestSameRepository(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"nginx", "docker.io/library/nginx:1", true},
		{"nginx", "index.docker.io/nginx", true},
		{"a/nginx", "docker.io/a/nginx", true},
		{"nginx", "a/nginx", false},
		{"reg.example/nginx", "nginx", false},
		{"reg.example/api:1", "reg.example/api@sha256:" + hex, true},
		{"reg.example/api", "reg.example/api-admin", false},
	} {
		a, errA := tagboat.ParseReference(tc.a)
		b, errB := tagboat.ParseReference(tc.b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if a.SameRepository(b) != tc.want || b.SameRepository(a) != tc.want {
			t.Errorf("%s and %s: want %v", tc.a, tc.b, tc.want)
		}
	}
}

// FuzzParseReference: what parses is written as it was read, and parses again to the
// same.
func FuzzParseReference(f *testing.F) {
	for _, s := range []string{"nginx", "localhost:5000/a/b:1", "h.example/a@sha256:" + hex, "a:1@sha256:" + hex, "[::1]:1/a", "a..b/c", "a:b/c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := tagboat.ParseReference(s)
		if err != nil {
			if tagboat.KindOf(err) != tagboat.Usage {
				t.Errorf("%q: kind of %v", s, err)
			}
			return
		}
		if r.String() != s {
			t.Errorf("%q is written %q", s, r)
		}
		again, err := tagboat.ParseReference(r.String())
		if err != nil || again != r {
			t.Errorf("%q became %#v: %v", s, again, err)
		}
		if r.Digest != "" {
			if p, err := tagboat.ParseReference(r.Pinned()); err != nil || !p.SameRepository(r) || p.Digest != r.Digest || p.Tag != "" {
				t.Errorf("%q is pinned as %q: %v", s, r.Pinned(), err)
			}
		}
	})
}

func TestReadable(t *testing.T) {
	digest := tagboat.Digest("sha256:80b088460eec000000000000000000000000000000000000000000000000abcd")
	for want, ref := range map[string]tagboat.Reference{
		"nothing":      {},
		"v1":           {Repository: "shop/api", Tag: "v1", Digest: digest},
		"80b088460eec": {Repository: "shop/api", Digest: digest},
	} {
		expect.Equal(t, want, ref.Readable())
	}
}

func TestPinPins(t *testing.T) {
	digest := tagboat.Digest("sha256:80b088460eec000000000000000000000000000000000000000000000000abcd")
	byTag, byDigest := tagboat.Pin{Tag: "v1"}, tagboat.Pin{Tag: "v1", Digest: digest}
	if !byTag.Pins(tagboat.Reference{Tag: "v1", Digest: digest}) || byTag.Pins(tagboat.Reference{Tag: "v2", Digest: digest}) {
		t.Error("a pin without a digest is one of its tag")
	}
	if !byDigest.Pins(tagboat.Reference{Tag: "v2", Digest: digest}) || byDigest.Pins(tagboat.Reference{Tag: "v1"}) {
		t.Error("a pin with a digest is one of its digest")
	}
}
