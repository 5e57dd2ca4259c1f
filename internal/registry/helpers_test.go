package registry_test

import (
	"context"
	"crypto/rand"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/registry"
)

// server is a registry that remembers what it was asked, and can be told to answer
// otherwise.
type server struct {
	host string

	mu       sync.Mutex
	requests []string
	before   func(http.ResponseWriter, *http.Request) (answered bool)
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{}
	handler := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	http := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.Path)
		before := s.before
		s.mu.Unlock()
		if before == nil || !before(w, r) {
			handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(http.Close)
	s.host = strings.TrimPrefix(http.URL, "http://")
	return s
}

func (s *server) answer(before func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.requests = before, nil
}

func (s *server) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func (s *server) ref(t *testing.T, image string) tagboat.Reference {
	t.Helper()
	r := expect.Value(tagboat.ParseReference(s.host + "/" + image))(t)
	return r
}

func (s *server) push(t *testing.T, image string, img v1.Image) tagboat.Digest {
	t.Helper()
	ref := expect.Value(name.ParseReference(s.host + "/" + image))(t)
	expect.OK(t, remote.Write(ref, img))
	h := expect.Value(img.Digest())(t)
	return tagboat.Digest(h.String())
}

func (s *server) pushIndex(t *testing.T, image string, index v1.ImageIndex) tagboat.Digest {
	t.Helper()
	ref := expect.Value(name.ParseReference(s.host + "/" + image))(t)
	expect.OK(t, remote.WriteIndex(ref, index))
	h := expect.Value(index.Digest())(t)
	return tagboat.Digest(h.String())
}

var built = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

func image(t *testing.T, architecture string, labels map[string]string) v1.Image {
	t.Helper()
	img := expect.Value(mutate.AppendLayers(empty.Image, static.NewLayer([]byte(rand.Text()), types.DockerLayer)))(t)
	config := expect.Value(img.ConfigFile())(t)
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture
	config.Created = v1.Time{Time: built}
	config.Config.Labels = labels
	return expect.Value(mutate.ConfigFile(img, config))(t)
}

func index(t *testing.T, labels map[string]string) v1.ImageIndex {
	t.Helper()
	add := func(i v1.ImageIndex, p v1.Platform, annotations map[string]string) v1.ImageIndex {
		return mutate.AppendManifests(i, mutate.IndexAddendum{
			Add:        image(t, p.Architecture, labels),
			Descriptor: v1.Descriptor{Platform: &p, Annotations: annotations},
		})
	}
	i := add(empty.Index, v1.Platform{OS: "linux", Architecture: "amd64"}, nil)
	i = add(i, v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}, nil)
	return add(i, v1.Platform{OS: "unknown", Architecture: "unknown"}, map[string]string{"vnd.docker.reference.type": "attestation-manifest"})
}

func client(t *testing.T, c registry.Credentials) *registry.Client {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	got := expect.Value(registry.New(registry.Options{Credentials: c, UserAgent: "test/1"}))(t)
	return got
}

// users are credentials that count how often they are asked for.
type users struct {
	mu    sync.Mutex
	known map[string][2]string
	asked int
}

func (u *users) For(_ context.Context, host string) (string, string, bool, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked++
	c, ok := u.known[host]
	return c[0], c[1], ok, nil
}
