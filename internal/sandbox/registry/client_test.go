package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
)

func TestPushedIsPulledByteForByte(t *testing.T) {
	for kind, dir := range map[string]string{"memory": "", "dir": t.TempDir()} {
		t.Run(kind, func(t *testing.T) {
			s := newSUT(t, dir)
			for i := range 5 {
				image := expect.Value(random.Image(int64(i*100_000), int64(i)))(t)
				s.push(fmt.Sprint("shop/api:v", i), image)
				got := expect.Value(remote.Image(s.ref(fmt.Sprint("shop/api:v", i))))(t)
				sameImage(t, image, got)
			}
		})
	}
}

func sameImage(t *testing.T, want, got v1.Image) {
	t.Helper()
	if digestOf(t, want) != digestOf(t, got) {
		t.Errorf("digest %s, want %s", digestOf(t, got), digestOf(t, want))
	}
	wantManifest, _ := want.RawManifest()
	gotManifest, err := got.RawManifest()
	if err != nil || !bytes.Equal(wantManifest, gotManifest) || registry.DigestOf(gotManifest) != digestOf(t, want) {
		t.Errorf("manifest %s, %v, want %s", gotManifest, err, wantManifest)
	}
	wantConfig, _ := want.RawConfigFile()
	gotConfig, err := got.RawConfigFile()
	if err != nil || !bytes.Equal(wantConfig, gotConfig) {
		t.Errorf("config %s, %v, want %s", gotConfig, err, wantConfig)
	}
	wantLayers, _ := want.Layers()
	gotLayers, err := got.Layers()
	if err != nil || len(gotLayers) != len(wantLayers) {
		t.Fatalf("%d layers, %v, want %d", len(gotLayers), err, len(wantLayers))
	}
	for i := range wantLayers {
		if !bytes.Equal(layerBytes(t, wantLayers[i]), layerBytes(t, gotLayers[i])) {
			t.Errorf("layer %d differs", i)
		}
	}
}

func layerBytes(t *testing.T, layer v1.Layer) []byte {
	t.Helper()
	r := expect.Value(layer.Compressed())(t)
	defer r.Close()
	data := expect.Value(io.ReadAll(r))(t)
	return data
}

func TestIndex(t *testing.T) {
	s := newSUT(t, "")
	index := expect.Value(random.Index(1000, 1, 3))(t)
	expect.OK(t, remote.WriteIndex(s.ref("multi:1"), index))
	got := expect.Value(remote.Index(s.ref("multi:1")))(t)
	want, _ := index.RawManifest()
	if raw, _ := got.RawManifest(); !bytes.Equal(raw, want) {
		t.Errorf("index %s, want %s", raw, want)
	}
	record := s.image("multi", registry.Ref{Tag: "1"})
	var largest int64
	for _, child := range record.Children {
		largest = max(largest, s.image("multi", registry.Ref{Digest: child.Digest}).Size)
	}
	if len(record.Children) != 3 || record.Size != largest {
		t.Errorf("index has %d children and size %d, want 3 and %d", len(record.Children), record.Size, largest)
	}
	child := s.ref("multi@" + string(record.Children[0].Digest))
	wantStatus(t, remote.Delete(child), http.StatusForbidden, "DENIED")
	expect.OK(t, remote.Delete(s.ref("multi@"+string(record.Digest))))
	if err := remote.Delete(child); err != nil {
		t.Errorf("deleting the child of an index that is gone: %v", err)
	}
}

func wantStatus(t *testing.T, err error, status int, code transport.ErrorCode) {
	t.Helper()
	var e *transport.Error
	if !errors.As(err, &e) || e.StatusCode != status {
		t.Fatalf("error %v, want status %d", err, status)
	}
	if code != "" && (len(e.Errors) != 1 || e.Errors[0].Code != code) {
		t.Errorf("error %v, want code %s", err, code)
	}
}

func TestPushTimeStaysWhenTagsMove(t *testing.T) {
	s := newSUT(t, "")
	image := randomImage(t)
	digest := s.push("shop/api:v1", image)
	s.clock.Advance(time.Hour)
	expect.OK(t, crane.Tag(s.host+"/shop/api:v1", "stable"))
	s.push("shop/api:v1-again", image)
	got := s.image("shop/api", registry.Ref{Digest: digest})
	if want := []string{"stable", "v1", "v1-again"}; !got.PushedAt.Equal(start) || !slices.Equal(got.Tags, want) {
		t.Errorf("pushed at %v with tags %v, want %v with %v", got.PushedAt, got.Tags, start, want)
	}
	expect.OK(t, remote.Delete(s.ref("shop/api@"+string(digest))))
	s.push("shop/api:v1", image)
	got = s.image("shop/api", registry.Ref{Digest: digest})
	if want := start.Add(time.Hour); !got.PushedAt.Equal(want) {
		t.Errorf("pushed again after deletion at %v, want %v", got.PushedAt, want)
	}
}

func TestMovedTagLeavesUntaggedImage(t *testing.T) {
	s := newSUT(t, "")
	first := s.push("app:latest", randomImage(t))
	second := s.push("app:latest", randomImage(t))
	if got := s.image("app", registry.Ref{Digest: first}); len(got.Tags) != 0 {
		t.Errorf("the first image has tags %v", got.Tags)
	}
	expect.EqualIn(t, "latest", second, s.image("app", registry.Ref{Tag: "latest"}).Digest)
	expect.OK(t, remote.Delete(s.ref("app:latest")))
	if got := s.image("app", registry.Ref{Digest: second}); len(got.Tags) != 0 {
		t.Errorf("an image whose tag was deleted has tags %v", got.Tags)
	}
}

func TestTagsAreListedPageByPage(t *testing.T) {
	s := newSUT(t, "")
	image := randomImage(t)
	s.push("big:first", image)
	manifest := expect.Value(image.RawManifest())(t)
	want := []string{"first"}
	id := registry.RepositoryID{Scope: home, Name: "big"}
	for i := range 2500 {
		tag := fmt.Sprintf("v%05d", i)
		want = append(want, tag)
		if i%900 == 0 { // an image has a thousand tags at most
			manifest = append(manifest, ' ')
		}
		if _, _, err := s.PutManifest(id, registry.Put{Manifest: manifest, Tag: tag}); err != nil {
			t.Fatal(err)
		}
	}
	repo := expect.Value(name.NewRepository(s.host + "/big"))(t)
	for _, size := range []int{0, 1000, 7} {
		options := []remote.Option{}
		if size > 0 {
			options = append(options, remote.WithPageSize(size))
		}
		got := expect.Value(remote.List(repo, options...))(t)
		expect.EqualIn(t, fmt.Sprintf("pages of %d", size), want, got)
	}
}

func TestCatalog(t *testing.T) {
	s := newSUT(t, "")
	for _, name := range []string{"b/c", "a", "b"} {
		expect.Value(s.CreateRepository(registry.RepositoryID{Scope: home, Name: name + "-repo"}, registry.Settings{}))(t)
	}
	got := expect.Value(crane.Catalog(s.host))(t)
	expect.Equal(t, []string{"a-repo", "b-repo", "b/c-repo"}, got)
}

func TestImmutableTag(t *testing.T) {
	s := newSUT(t, "")
	id := registry.RepositoryID{Scope: home, Name: "shop/api"}
	expect.Value(s.CreateRepository(id, registry.Settings{
		Mutability: registry.ImmutableWithExclusion, Exclusions: []string{"dev-*"},
	}))(t)
	s.push("shop/api:v1", randomImage(t))
	s.push("shop/api:dev-1", randomImage(t))
	s.push("shop/api:dev-1", randomImage(t))
	err := remote.Write(s.ref("shop/api:v1"), randomImage(t))
	wantStatus(t, err, http.StatusBadRequest, "TAG_INVALID")
	var e *transport.Error
	errors.As(err, &e)
	want := "The image tag 'v1' already exists in the 'shop/api' repository and cannot be overwritten because the tag is immutable."
	expect.EqualIn(t, "message", want, e.Errors[0].Message)
}

func TestCopyMountsLayers(t *testing.T) {
	dir := t.TempDir()
	s := newSUT(t, dir)
	s.push("from:1", randomImage(t))
	before := blobCount(t, dir)
	image := expect.Value(remote.Image(s.ref("from:1")))(t)
	s.push("to:1", image)
	got := expect.Value(remote.Image(s.ref("to:1")))(t)
	sameImage(t, image, got)
	if after := blobCount(t, dir); after != before {
		t.Errorf("%d blobs after the copy, %d before", after, before)
	}
	for _, name := range []string{"from", "to"} {
		expect.Value(s.DeleteRepository(registry.RepositoryID{Scope: home, Name: name}, true))(t)
		if left, want := blobCount(t, dir), map[string]int{"from": before, "to": 0}[name]; left != want {
			t.Errorf("%d blobs are left without %s, want %d", left, name, want)
		}
	}
}

func blobCount(t *testing.T, dir string) int {
	t.Helper()
	files := expect.Value(filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*")))(t)
	return len(files)
}
