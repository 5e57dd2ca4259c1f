package publish_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/publish"
	"github.com/tagboat/tagboat/internal/registry"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// imageSize is small but where TAGBOAT_LARGE_IMAGES asks for the size that images have.
func imageSize() int64 {
	if os.Getenv("TAGBOAT_LARGE_IMAGES") != "" {
		return 300 << 20
	}
	return 6 << 20
}

const layersOfImage = 3

// archive writes an image of random layers as docker save does.
func archive(t *testing.T) string {
	t.Helper()
	image := empty.Image
	for seed := range byte(layersOfImage) {
		size := imageSize()/layersOfImage + int64(seed) // each layer has a length of its own
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
			return io.NopCloser(io.LimitReader(rand.NewChaCha8([32]byte{seed}), size)), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := tarball.WriteToFile(file, name.MustParseReference("api:1"), image); err != nil {
		t.Fatal(err)
	}
	return file
}

// breaking breaks the connection of each layer's first upload when half of it is through.
type breaking struct {
	inner http.Handler

	mu      sync.Mutex
	broken  map[int64]bool // by the length of the layer
	uploads int
}

func (b *breaking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPatch && b.first(r.ContentLength) {
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		panic(http.ErrAbortHandler)
	}
	b.inner.ServeHTTP(w, r)
}

func (b *breaking) first(length int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.uploads++
	large := length > imageSize()/layersOfImage/2
	first := large && !b.broken[length]
	if large {
		b.broken[length] = true
	}
	return first
}

// heard is what a Progress was told.
type heard struct {
	mu     sync.Mutex
	again  int // how often a layer began
	done   map[tagboat.Digest]int64
	ends   int
	behind bool // a layer ended before all of it was sent
}

func (h *heard) Sending(layer tagboat.Digest, sent, _ int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if sent == 0 {
		h.again++
	}
	h.done[layer] = sent
}

func (h *heard) Sent(layer tagboat.Digest, size int64, there bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ends++
	h.behind = h.behind || !there && h.done[layer] != size
}

// TestPushSurvivesOneResetALayer pushes into the sandbox over connections that break.
func TestPushSurvivesOneResetALayer(t *testing.T) {
	box, err := sandbox.New(sandbox.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	line := &breaking{inner: box, broken: map[int64]bool{}}
	server := httptest.NewServer(line)
	t.Cleanup(server.Close)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	client, err := registry.New(registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	repository := tagboat.Reference{Host: strings.TrimPrefix(server.URL, "http://"), Repository: "shop/api"}
	file := archive(t)

	content := open(t, "tar:"+file)
	progress := &heard{done: map[tagboat.Digest]int64{}}
	sent, err := publish.Push(t.Context(), client, repository, nil, content, progress)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(publish.Sent{Layers: layersOfImage, Bytes: content.Size}, sent); diff != "" {
		t.Error(diff)
	}
	if len(line.broken) != layersOfImage || progress.again != 2*layersOfImage || progress.ends != layersOfImage || progress.behind {
		t.Errorf("%d layers broke, %d began, %d ended, ended early: %v", len(line.broken), progress.again, progress.ends, progress.behind)
	}
	version := repository
	version.Digest = content.Digest
	if got, err := client.Resolve(t.Context(), version); err != nil || got.Reference.Digest != content.Digest {
		t.Errorf("%+v, %v", got, err)
	}

	line.uploads = 0
	again, err := publish.Push(t.Context(), client, repository, nil, open(t, "tar:"+file), progress)
	if diff := cmp.Diff(publish.Sent{There: layersOfImage}, again); diff != "" || err != nil || line.uploads > 0 {
		t.Errorf("a second push sends %d uploads: %s, %v", line.uploads, diff, err)
	}
}

// TestPushMounts pushes what another repository of the registry has. Where the registry
// does not mount it, or does not say what the other has, it is uploaded.
func TestPushMounts(t *testing.T) {
	all, none := publish.Sent{There: layersOfImage}, publish.Sent{Layers: layersOfImage}
	for name, c := range map[string]struct {
		edit func(r *http.Request) (refused int) // of each request, before the registry sees it
		want publish.Sent
	}{
		"mounted": {func(*http.Request) int { return 0 }, all},
		"not mounted": {func(r *http.Request) int {
			r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "mount=", "not=")
			return 0
		}, none},
		"mount denied": {func(r *http.Request) int { return statusIf(r.URL.Query().Has("mount"), http.StatusForbidden) }, none},
		"look denied": {func(r *http.Request) int {
			return statusIf(strings.Contains(r.URL.Path, "/v2/shop/base/blobs/"), http.StatusForbidden)
		}, none},
	} {
		t.Run(name, func(t *testing.T) {
			box, err := sandbox.New(sandbox.Config{DataDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			var edits atomic.Bool
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if status := c.edit(r); edits.Load() && status != 0 {
					w.WriteHeader(status)
					return
				}
				box.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			t.Setenv("DOCKER_CONFIG", t.TempDir())
			client, err := registry.New(registry.Options{})
			if err != nil {
				t.Fatal(err)
			}
			at := func(name string) tagboat.Reference {
				return tagboat.Reference{Host: strings.TrimPrefix(server.URL, "http://"), Repository: name}
			}
			content, progress := open(t, "tar:"+archive(t)), &heard{done: map[tagboat.Digest]int64{}}
			if _, err := publish.Push(t.Context(), client, at("shop/base"), nil, content, progress); err != nil {
				t.Fatal(err)
			}
			edits.Store(true)
			sent, err := publish.Push(t.Context(), client, at("shop/api"), []tagboat.Reference{at("shop/none"), at("shop/base")}, content, progress)
			if sent.Bytes = 0; sent != c.want || err != nil {
				t.Errorf("%+v, %v", sent, err)
			}
			version := at("shop/api")
			version.Digest = content.Digest
			if got, err := client.Resolve(t.Context(), version); err != nil || got.Reference.Digest != content.Digest {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func statusIf(holds bool, status int) int {
	if holds {
		return status
	}
	return 0
}

func open(t *testing.T, from string) publish.Content {
	t.Helper()
	source, err := publish.ParseSource(from)
	if err != nil {
		t.Fatal(err)
	}
	content, err := source.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return content
}
