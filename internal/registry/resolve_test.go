package registry_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/registry"
	"github.com/tagboat/tagboat/internal/sandbox"
)

const revision = "org.opencontainers.image.revision"

func TestResolveTag(t *testing.T) {
	s := serve(t)
	labels := map[string]string{revision: "abc123", "team": "shop"}
	pushed := image(t, "amd64", labels)
	digest := s.push(t, "shop/api:1.0", pushed)
	got := expect.Value(client(t, nil).Resolve(t.Context(), s.ref(t, "shop/api:1.0")))(t)
	want := registry.Version{
		Size:      sizeOf(t, pushed),
		Reference: s.ref(t, "shop/api:1.0@"+string(digest)), MediaType: "application/vnd.docker.distribution.manifest.v2+json",
		Platforms: []string{"linux/amd64"}, Created: built, Revision: "abc123", Labels: labels,
		Images: []tagboat.Digest{digest},
	}
	expect.Equal(t, want, got)
}

// sizeOf is what the manifest says of config and layers.
func sizeOf(t *testing.T, image v1.Image) int64 {
	t.Helper()
	manifest := expect.Value(image.Manifest())(t)
	size := manifest.Config.Size
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	return size
}

func TestS7IndexKeepsItsOwnDigest(t *testing.T) {
	s := serve(t)
	digest := s.pushIndex(t, "shop/api:1.0", index(t, map[string]string{"vcs-ref": "def456"}))
	got := expect.Value(client(t, nil).Resolve(t.Context(), s.ref(t, "shop/api:1.0")))(t)
	want := registry.Version{
		Reference: s.ref(t, "shop/api:1.0@"+string(digest)), MediaType: "application/vnd.oci.image.index.v1+json",
		Platforms: []string{"linux/amd64", "linux/arm64/v8"}, Created: built, Revision: "def456",
	}
	expect.Equal(t, want, got, cmpopts.IgnoreFields(registry.Version{}, "Labels", "Images", "Size"))
	if got.Size == 0 {
		t.Error("an index has the size of its first image, and it is 0")
	}
	if len(got.Images) != 2 || got.Images[0] == got.Images[1] || got.Images[0] == digest {
		t.Errorf("the images of the index %s are %v", digest, got.Images)
	}
}

func TestAnnotationsComeBeforeLabels(t *testing.T) {
	s := serve(t)
	img := image(t, "arm64", map[string]string{revision: "label"})
	annotated, ok := mutate.Annotations(img, map[string]string{revision: "annotation", "org.opencontainers.image.created": "2026-01-02T03:04:05Z"}).(v1.Image)
	if !ok {
		t.Fatal("not an image")
	}
	s.push(t, "shop/api:1.0", annotated)
	got, err := client(t, nil).Resolve(t.Context(), s.ref(t, "shop/api:1.0"))
	if err != nil || got.Revision != "annotation" || got.Created.Year() != 2026 || got.Created.Month() != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestResolveDigestKeepsTheTag(t *testing.T) {
	s := serve(t)
	digest := s.push(t, "shop/api:1.0", image(t, "amd64", nil))
	s.push(t, "shop/api:1.0", image(t, "amd64", nil)) // the tag moved
	ref := s.ref(t, "shop/api:1.0@"+string(digest))
	got, err := client(t, nil).Resolve(t.Context(), ref)
	if diff := cmp.Diff(ref, got.Reference); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestResolveInTheSandbox(t *testing.T) {
	box := expect.Value(sandbox.New(sandbox.Config{}))(t)
	http := httptest.NewServer(box)
	t.Cleanup(http.Close)
	s := &server{host: strings.TrimPrefix(http.URL, "http://")}
	digest := s.pushIndex(t, "shop/api:1.0", index(t, map[string]string{revision: "abc"}))
	c := client(t, nil)
	got, err := c.Resolve(t.Context(), s.ref(t, "shop/api:1.0"))
	if err != nil || got.Reference.Digest != digest || got.Revision != "abc" || len(got.Platforms) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.Resolve(t.Context(), s.ref(t, "shop/api:1.1")); tagboat.KindOf(err) != tagboat.Usage {
		t.Errorf("the error is %v", err)
	}
	if ok, err := c.Exists(t.Context(), s.ref(t, "shop/web:1.1")); ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
}

func TestNotFound(t *testing.T) {
	s := serve(t)
	s.push(t, "shop/api:v1.4.1", image(t, "amd64", nil))
	s.push(t, "shop/api:v1.4.2", image(t, "amd64", nil))
	s.push(t, "shop/api:latest", image(t, "amd64", nil))
	for ref, hint := range map[string]string{
		"shop/api:1.4.2": "tags that come close: v1.4.2, v1.4.1, latest",
		"shop/api@sha256:" + strings.Repeat("a", 64): "no such digest",
		"shop/web:1": "push to it first",
	} {
		_, err := client(t, nil).Resolve(t.Context(), s.ref(t, ref))
		var e *tagboat.Error
		if !errors.As(err, &e) || e.Kind != tagboat.Usage || !strings.Contains(e.Hint, hint) {
			t.Errorf("%s: %v, hint %q", ref, err, e.Hint)
		}
	}
}

func TestNeitherTagNorDigest(t *testing.T) {
	s := serve(t)
	if _, err := client(t, nil).Resolve(t.Context(), s.ref(t, "shop/api")); tagboat.KindOf(err) != tagboat.Usage {
		t.Errorf("the error is %v", err)
	}
}

func TestExists(t *testing.T) {
	s := serve(t)
	digest := s.push(t, "shop/api:1.0", image(t, "amd64", nil))
	c := client(t, nil)
	s.answer(nil)
	for ref, want := range map[string]bool{
		"shop/api@" + string(digest):                 true,
		"shop/api:1.0":                               true,
		"shop/api:2.0":                               false,
		"shop/api@sha256:" + strings.Repeat("a", 64): false,
	} {
		if got, err := c.Exists(t.Context(), s.ref(t, ref)); got != want || err != nil {
			t.Errorf("%s: %t, %v", ref, got, err)
		}
	}
	pings := 0
	for _, r := range s.asked() {
		if r == "GET /v2/" {
			pings++
		} else if !strings.HasPrefix(r, http.MethodHead) {
			t.Errorf("it asked %s", r)
		}
	}
	expect.EqualIn(t, "pings for one repository", 1, pings)
}
