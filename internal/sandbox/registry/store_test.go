package registry_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
)

func TestStateOutlivesTheStore(t *testing.T) {
	dir := t.TempDir()
	s := newSUT(t, dir)
	image := labelled(t, "amd64", map[string]string{"a": "b"})
	s.push("shop/api:v1", image)
	expect.Value(s.CreateRepository(registry.RepositoryID{Scope: other, Name: "empty"}, registry.Settings{
		Mutability: registry.Immutable, Tags: map[string]string{"team": "x"},
	}))(t)
	saved := expect.Value(s.Save())(t)
	data := toJSON(t, saved)

	again := newSUT(t, dir)
	expect.OK(t, again.Load(json.RawMessage(data)))
	resaved := expect.Value(again.Save())(t)
	var want, have any
	expect.OK(t, json.Unmarshal(data, &want))
	expect.OK(t, json.Unmarshal(toJSON(t, resaved), &have))
	expect.Equal(t, want, have)
	got := expect.Value(remote.Image(again.ref("shop/api:v1")))(t)
	sameImage(t, image, got)
	expect.Value(again.DeleteRepository(registry.RepositoryID{Scope: home, Name: "shop/api"}, true))(t)
	if left := blobCount(t, dir); left != 0 {
		t.Errorf("%d blobs are left of a repository that was loaded and deleted", left)
	}
}

func TestEvents(t *testing.T) {
	s := newSUT(t, "")
	var got []string
	note := func(kind string) func(registry.Event) {
		return func(e registry.Event) {
			got = append(got, fmt.Sprint(kind, " ", e.Account, " ", e.Name, ":", e.Tag, " ", e.At.Sub(start)))
		}
	}
	s.OnPush(note("push"))
	s.OnDelete(note("delete"))
	image := randomImage(t)
	digest := s.push("app:v1", image)
	id := registry.RepositoryID{Scope: home, Name: "app"}
	put := func(tag string) {
		manifest, _ := image.RawManifest()
		mediaType, _ := image.MediaType()
		if _, _, err := s.PutManifest(id, registry.Put{Manifest: manifest, MediaType: string(mediaType), Tag: tag}); err != nil {
			t.Fatal(err)
		}
	}
	s.clock.Advance(time.Minute)
	put("v1") // changes nothing
	put("v2")
	expect.Value(s.DeleteImage(id, registry.Ref{Tag: "v1"}))(t)
	put("v3")
	expect.Value(s.DeleteImage(id, registry.Ref{Digest: digest}))(t)
	want := []string{
		"push 111111111111 app:v1 0s",
		"push 111111111111 app:v2 1m0s",
		"delete 111111111111 app:v1 1m0s",
		"push 111111111111 app:v3 1m0s",
		"delete 111111111111 app:v2 1m0s",
		"delete 111111111111 app:v3 1m0s",
	}
	expect.Equal(t, want, got)
}

// putMany pushes n images to a repository, each under a tag of its own.
func putMany(tb testing.TB, s *registry.Store, id registry.RepositoryID, n int) {
	tb.Helper()
	for i := range n {
		manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"manifests":[],"annotations":{"n":"%d"}}`, registry.OCIIndex, i)
		if _, _, err := s.PutManifest(id, registry.Put{Manifest: manifest, Tag: fmt.Sprintf("v%d", i*7919%n)}); err != nil {
			tb.Fatal(err)
		}
	}
}

// A repository of a hundred thousand tags is filled, listed to its end page by page
// and emptied in seconds: nothing there may cost time in proportion to all tags for
// each tag or page but moving memory.
func TestHundredThousandTags(t *testing.T) {
	const n = 100_000
	s := newSUT(t, "")
	id := registry.RepositoryID{Scope: home, Name: "big"}
	began := time.Now()
	putMany(t, s.Store, id, n)
	seen, from := 0, uint64(0)
	for more := true; more; {
		page := 0
		more = false
		expect.OK(t, s.Images(id, from, func(i *registry.Image) bool {
			if page == 100 {
				from, more = i.Position(), true
				return false
			}
			page++
			return true
		}))
		seen += page
	}
	if seen != n {
		t.Errorf("listed %d images, want %d", seen, n)
	}
	for i := 0; i < n; i += 10 {
		expect.Value(s.DeleteImage(id, registry.Ref{Tag: fmt.Sprintf("v%d", i)}))(t)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %v", took)
	}
}

func BenchmarkPut(b *testing.B) {
	store := expect.Value(registry.Open(registry.Options{Clock: clock.NewManual(start), Scope: home}))(b)
	b.ResetTimer()
	putMany(b, store, registry.RepositoryID{Scope: home, Name: "big"}, b.N)
}
