package registry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/registry"
	"github.com/tagboat/tagboat/internal/registry/registrytest"
	"github.com/tagboat/tagboat/internal/sandbox"
)

func TestLister(t *testing.T) {
	registrytest.Run(t, func(t *testing.T, size int) registrytest.Repository {
		var broken atomic.Bool
		host := sandboxed(t, func(r *http.Request) bool { return broken.Load() && r.URL.Query().Has("last") })
		push := func(t *testing.T, tags ...string) tagboat.Digest { return pushTags(t, host+"/shop/api", tags...) }
		var tags []string
		for i := range size {
			tags = append(tags, fmt.Sprintf("tag-%d", i))
		}
		for some := range slices.Chunk(tags, 900) { // ECR takes a thousand tags an image
			push(t, some...)
		}
		return registrytest.Repository{
			Lister:    client(t, nil),
			Reference: tagboat.Reference{Host: host, Repository: "shop/api"},
			Push:      func(t *testing.T, tag string) tagboat.Digest { return push(t, tag) },
			Break:     func(*testing.T) { broken.Store(true) },
		}
	})
}

// sandboxed starts a sandbox, whose registry has pages, and returns its host. It refuses
// what refuse tells it to.
func sandboxed(t *testing.T, refuse func(*http.Request) bool) string {
	t.Helper()
	server := expect.Value(sandbox.New(sandbox.Config{}))(t)
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuse(r) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(listening.Close)
	return strings.TrimPrefix(listening.URL, "http://")
}

// pushTags pushes one image under several tags.
func pushTags(t *testing.T, repository string, tags ...string) tagboat.Digest {
	t.Helper()
	img := image(t, "amd64", nil)
	for i, tag := range tags {
		ref, err := name.NewTag(repository + ":" + tag)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			err = remote.Write(ref, img)
		} else {
			err = remote.Tag(ref, img)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	hash := expect.Value(img.Digest())(t)
	return tagboat.Digest(hash.String())
}

func TestAPageThatComesAgainAndAgain(t *testing.T) {
	s := serve(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v2/shop/api/tags/list" {
			return false
		}
		w.Header().Set("Link", `</v2/shop/api/tags/list?last=a&n=1>; rel="next"`)
		_, _ = w.Write([]byte(`{"name":"shop/api","tags":["a"]}`))
		return true
	})
	if all, err := client(t, nil).List(t.Context(), s.ref(t, "shop/api")); err == nil {
		t.Errorf("%v", all)
	}
}

func TestWaitsAreTold(t *testing.T) {
	s := serve(t)
	refused := false
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v2/shop/api/tags/list" {
			return false
		}
		if !refused {
			refused = true
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		_, _ = w.Write([]byte(`{"name":"shop/api","tags":["a"]}`))
		return true
	})
	var told []string
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	c := expect.Value(registry.New(registry.Options{}))(t)
	ctx, _ := operation.Start(t.Context(), func(e operation.Event) { told = append(told, e.String()) })
	all, err := c.List(ctx, s.ref(t, "shop/api"))
	if err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	want := "registry " + s.host + " has too many requests; asking again in 1s"
	if len(told) != 1 || told[0] != want {
		t.Errorf("told %q, want %q", told, want)
	}
}

// TestWhatAListingSaysOfAVersion holds that a listing rules out only what it names as
// something else than an image.
func TestWhatAListingSaysOfAVersion(t *testing.T) {
	const oci, docker = "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"
	for _, test := range []struct{ name, manifest, artifact, want string }{
		{"an image of OCI's", oci, "application/vnd.oci.image.config.v1+json", ""},
		{"an image of Docker's", docker, "application/vnd.docker.container.image.v1+json", ""},
		{"no word of it", oci, "", ""},
		{"an index", "application/vnd.oci.image.index.v1+json", "application/vnd.x", ""},
		{"the manifest's type again", docker, docker, ""},
		{"a chart", oci, "application/vnd.cncf.helm.config.v1+json", "is a Helm chart"},
		{"another manifest's type", oci, docker, `is not an image: its type is "` + docker + `"`},
		{"schema 1", "application/vnd.docker.distribution.manifest.v1+prettyjws", "", "is an image of Docker's schema 1, which nothing pulls any more"},
	} {
		expect.EqualIn(t, test.name, test.want, registry.Artifact(test.manifest, test.artifact))
	}
}
