package registry_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/registry"
)

func remembering(t *testing.T, cache string) *registry.Client {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	c := expect.Value(registry.New(registry.Options{Cache: cache}))(t)
	return c
}

// during returns how many requests f makes.
func (s *server) during(f func()) int {
	before := len(s.asked())
	f()
	return len(s.asked()) - before
}

func TestASecondLookAsksForNothingButWhatATagIs(t *testing.T) {
	s, cache := serve(t), t.TempDir()
	tagged := s.ref(t, "shop/api:1.0")
	tagged.Digest = ""
	digest := s.pushIndex(t, "shop/api:1.0", index(t, map[string]string{revision: "abc"}))
	pinned := s.ref(t, "shop/api:1.0@"+string(digest))
	first, err := remembering(t, cache).Resolve(t.Context(), tagged)
	if err != nil {
		t.Fatal(err)
	}

	again := remembering(t, cache)
	var listed, resolved registry.Version
	if n := s.during(func() { listed, err = again.ResolveListed(t.Context(), pinned) }); n != 0 || err != nil {
		t.Errorf("looking at what was just listed took %d requests: %v", n, err)
	}
	if n := s.during(func() { resolved, err = again.Resolve(t.Context(), tagged) }); n != 2 || err != nil {
		t.Errorf("resolving took %d requests, and not those for the way to log in and the manifest: %v", n, err)
	}
	for _, got := range []registry.Version{listed, resolved} {
		expect.Equal(t, first, got)
	}
}

func TestAMovedTagIsNotRemembered(t *testing.T) {
	s, cache := serve(t), t.TempDir()
	s.push(t, "shop/api:latest", image(t, "amd64", map[string]string{revision: "one"}))
	expect.Value(remembering(t, cache).Resolve(t.Context(), s.ref(t, "shop/api:latest")))(t)
	digest := s.push(t, "shop/api:latest", image(t, "arm64", map[string]string{revision: "two"}))
	got, err := remembering(t, cache).Resolve(t.Context(), s.ref(t, "shop/api:latest"))
	if err != nil || got.Reference.Digest != digest || got.Revision != "two" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatIsGoneDoesNotResolve(t *testing.T) {
	s, cache := serve(t), t.TempDir()
	digest := s.push(t, "shop/api:1.0", image(t, "amd64", nil))
	expect.Value(remembering(t, cache).Resolve(t.Context(), s.ref(t, "shop/api:1.0")))(t)
	_, err := remembering(t, cache).Resolve(t.Context(), s.ref(t, "shop/other@"+string(digest)))
	if tagboat.KindOf(err) != tagboat.Usage {
		t.Errorf("a version of another repository resolved: %v", err)
	}
}

func TestWhatIsKeptWrongIsAskedForAgain(t *testing.T) {
	s, cache := serve(t), t.TempDir()
	digest := s.push(t, "shop/api:1.0", image(t, "amd64", nil))
	ref := s.ref(t, "shop/api@"+string(digest))
	want := expect.Value(remembering(t, cache).Resolve(t.Context(), ref))(t)
	files, err := filepath.Glob(filepath.Join(cache, "*", "*", "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	expect.OK(t, os.WriteFile(files[0], []byte(`{"Reference":{"Digest":"sha256:1"}}`), 0o600))
	got, err := remembering(t, cache).ResolveListed(t.Context(), ref)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}
