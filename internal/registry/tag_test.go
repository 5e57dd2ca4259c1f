package registry_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/registry"
)

func TestTagKeepsTheDigest(t *testing.T) {
	s := serve(t)
	c := client(t, nil)
	for name, digest := range map[string]tagboat.Digest{
		"an image": s.push(t, "shop/api:1.0", image(t, "amd64", nil)),
		"an index": s.pushIndex(t, "shop/api:2.0", index(t, nil)),
	} {
		s.answer(nil)
		expect.OK(t, c.Tag(t.Context(), s.ref(t, "shop/api@"+string(digest)), "stable"))
		for _, request := range s.asked() {
			if strings.Contains(request, "/blobs/") {
				t.Errorf("%s: %s, and the manifest alone has to travel", name, request)
			}
		}
		got, err := c.Digest(t.Context(), s.ref(t, "shop/api:stable"))
		if got != digest || err != nil {
			t.Errorf("%s: stable is %s, want %s: %v", name, got, digest, err)
		}
	}
	if got, err := c.Digest(t.Context(), s.ref(t, "shop/api:none")); got != "" || err != nil {
		t.Errorf("a tag that is not there: %s, %v", got, err)
	}
}

func TestTagThatMayNotMove(t *testing.T) {
	s := serve(t)
	digest := s.push(t, "shop/api:1.0", image(t, "amd64", nil))
	c := client(t, nil)
	for _, tc := range []struct {
		name      string
		status    int
		body      string
		immutable bool
	}{
		{"ECR", http.StatusBadRequest, `{"errors":[{"code":"TAG_INVALID","message":"The image tag 'x' already exists in the 'shop/api' repository and cannot be overwritten because the tag is immutable."}]}`, true},
		{"Harbor", http.StatusPreconditionFailed, `{"errors":[{"code":"PRECONDITION","message":"Failed to process request due to 'api:x' configured as immutable."}]}`, true},
		{"something else", http.StatusBadRequest, `{"errors":[{"code":"MANIFEST_INVALID","message":"no"}]}`, false},
	} {
		s.answer(func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut {
				return false
			}
			w.WriteHeader(tc.status)
			_, _ = w.Write([]byte(tc.body))
			return true
		})
		err := c.Tag(t.Context(), s.ref(t, "shop/api@"+string(digest)), "x")
		if err == nil || errors.Is(err, registry.ErrImmutable) != tc.immutable || (tagboat.KindOf(err) == tagboat.Usage) != tc.immutable {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// sigImage is what cosign puts beside an image, with a payload that is one and a few
// layers that are none.
func sigImage(t *testing.T) v1.Image {
	t.Helper()
	const simple = "application/vnd.dev.cosign.simplesigning.v1+json"
	add := func(content, mediaType, signature string) mutate.Addendum {
		a := mutate.Addendum{Layer: static.NewLayer([]byte(content), "x/y")}
		a.MediaType = "x/y"
		if mediaType != "" {
			a.Layer = static.NewLayer([]byte(content), simple)
			a.MediaType = simple
		}
		a.Annotations = map[string]string{"dev.cosignproject.cosign/signature": signature}
		return a
	}
	image := expect.Value(mutate.Append(mutate.MediaType(empty.Image, "application/vnd.oci.image.manifest.v1+json"),
		add("payload", simple, "c2ln"), add("other", "", "c2ln"), add("unreadable", simple, "!")))(t)
	return image
}

func TestSignatures(t *testing.T) {
	s := serve(t)
	c := client(t, nil)
	digest := s.push(t, "shop/api:1.0", image(t, "amd64", nil))
	version := s.ref(t, "shop/api@"+string(digest))
	got, err := c.Signatures(t.Context(), version)
	if len(got) > 0 || err != nil {
		t.Errorf("an image that nobody signed: %v, %v", got, err)
	}
	s.push(t, "shop/api:sha256-"+digest.Hex()+".sig", sigImage(t))
	want := []registry.Signature{{Payload: []byte("payload"), Signature: []byte("sig")}}
	if got, err = c.Signatures(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	expect.Equal(t, want, got)
}

func TestSignaturesThatRefer(t *testing.T) {
	s := serve(t)
	c := client(t, nil)
	digest := s.push(t, "shop/api:1.0", image(t, "amd64", nil))
	version := s.ref(t, "shop/api@"+string(digest))
	subject := expect.Value(name.NewDigest(version.Pinned()))(t)
	head := expect.Value(remote.Head(subject))(t)
	signature := expect.Value(mutate.Append(mutate.ConfigMediaType(mutate.MediaType(empty.Image, "application/vnd.oci.image.manifest.v1+json"),
		"application/vnd.dev.cosign.artifact.sig.v1+json"), mutate.Addendum{
		Layer:       static.NewLayer([]byte("payload"), "application/vnd.dev.cosign.simplesigning.v1+json"),
		MediaType:   "application/vnd.dev.cosign.simplesigning.v1+json",
		Annotations: map[string]string{"dev.cosignproject.cosign/signature": "c2ln"},
	}))(t)
	referring, ok := mutate.Subject(signature, *head).(v1.Image)
	if !ok {
		t.Fatal("not an image")
	}
	s.push(t, "shop/api:signature", referring)
	got, err := c.Signatures(t.Context(), version)
	if diff := cmp.Diff([]registry.Signature{{Payload: []byte("payload"), Signature: []byte("sig")}}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		refuse := strings.HasSuffix(r.URL.Path, ".sig")
		if refuse {
			w.WriteHeader(http.StatusForbidden)
		}
		return refuse
	})
	if got, err := c.Signatures(t.Context(), version); err == nil {
		t.Errorf("what cannot be read is no answer: %v", got)
	}
}
