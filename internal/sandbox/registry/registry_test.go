package registry_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

var (
	home  = wire.Scope{Account: "111111111111", Region: "eu-west-1"}
	other = wire.Scope{Account: "222222222222", Region: "eu-west-1"}
	start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

// sut is a registry on a loopback port.
type sut struct {
	*registry.Store
	t     *testing.T
	clock *clock.Manual
	url   string
	host  string
}

// newSUT serves a registry over dir, or over memory where it is "".
func newSUT(t *testing.T, dir string) *sut {
	t.Helper()
	now := clock.NewManual(start)
	store := expect.Value(registry.Open(registry.Options{Clock: now, Scope: home, Dir: dir}))(t)
	server := httptest.NewServer(registry.NewHandler(store))
	t.Cleanup(server.Close)
	return &sut{store, t, now, server.URL, strings.TrimPrefix(server.URL, "http://")}
}

func (s *sut) ref(reference string) name.Reference {
	s.t.Helper()
	ref := expect.Value(name.ParseReference(s.host + "/" + reference))(s.t)
	return ref
}

// push pushes an image and returns its digest.
func (s *sut) push(reference string, image v1.Image) registry.Digest {
	s.t.Helper()
	if err := remote.Write(s.ref(reference), image); err != nil {
		s.t.Fatalf("pushing %s: %v", reference, err)
	}
	return digestOf(s.t, image)
}

func (s *sut) image(repository string, ref registry.Ref) registry.Image {
	s.t.Helper()
	image := expect.Value(s.Image(registry.RepositoryID{Scope: home, Name: repository}, ref))(s.t)
	return image
}

func digestOf(t *testing.T, image interface{ Digest() (v1.Hash, error) }) registry.Digest {
	t.Helper()
	hash := expect.Value(image.Digest())(t)
	return registry.Digest(hash.String())
}

func randomImage(t *testing.T) v1.Image {
	t.Helper()
	image := expect.Value(random.Image(1024, 2))(t)
	return image
}

// labelled returns a random image whose config has labels and a platform.
func labelled(t *testing.T, architecture string, labels map[string]string) v1.Image {
	t.Helper()
	image := randomImage(t)
	config := expect.Value(image.ConfigFile())(t)
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.Labels = "linux", architecture, labels
	image = expect.Value(mutate.ConfigFile(image, config))(t)
	return image
}

func toJSON(t *testing.T, v any) []byte {
	t.Helper()
	data := expect.Value(json.Marshal(v))(t)
	return data
}
