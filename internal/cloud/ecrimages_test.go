package cloud_test

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/registry/registrytest"
	"github.com/tagboat/tagboat/internal/sandbox"
)

func TestECRLister(t *testing.T) {
	registrytest.Run(t, func(t *testing.T, size int) registrytest.Repository {
		server, err := sandbox.New(sandbox.Config{Region: "eu-west-1"})
		if err != nil {
			t.Fatal(err)
		}
		var broken atomic.Bool
		listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			if broken.Load() && strings.Contains(string(body), "nextToken") {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			server.ServeHTTP(w, r)
		}))
		t.Cleanup(listening.Close)
		environment(t, listening.URL)
		host := strings.TrimPrefix(listening.URL, "http://")
		for i := range size {
			pushTag(t, fmt.Sprintf("%s/shop/api:tag-%d", host, i))
		}
		return registrytest.Repository{
			Lister:    cloud.Unpaced(open(t)).At(cloud.Place{}).ECR().Lister(""),
			Reference: tagboat.Reference{Host: host, Repository: "shop/api"},
			Push:      func(t *testing.T, tag string) tagboat.Digest { return pushTag(t, host+"/shop/api:"+tag) },
			Break:     func(*testing.T) { broken.Store(true) },
		}
	})
}

// pushTag pushes an image that no other is like.
func pushTag(t *testing.T, reference string) tagboat.Digest {
	t.Helper()
	// A seed of package random has 31 bits: of a thousand images, two are sometimes one.
	img, err := mutate.AppendLayers(empty.Image, static.NewLayer([]byte(rand.Text()), types.DockerLayer))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
	hash, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return tagboat.Digest(hash.String())
}

func TestMovable(t *testing.T) {
	for _, tc := range []struct {
		mutability, filter, tag string
		want                    bool
	}{
		{"MUTABLE", "", "1.0", true},
		{"IMMUTABLE", "", "1.0", false},
		{"IMMUTABLE_WITH_EXCLUSION", "dev*", "dev-1", true},
		{"IMMUTABLE_WITH_EXCLUSION", "dev*", "1.0", false},
		{"MUTABLE_WITH_EXCLUSION", "v*.*", "v1.0", false},
		{"MUTABLE_WITH_EXCLUSION", "v*.*", "v1", true},
		{"MUTABLE_WITH_EXCLUSION", "*", "v1", false},
		{"MUTABLE_WITH_EXCLUSION", "v1", "v1", false},
		{"MUTABLE_WITH_EXCLUSION", "v1", "v11", true},
	} {
		filters := ""
		if tc.filter != "" {
			filters = fmt.Sprintf(`,"imageTagMutabilityExclusionFilters":[{"filterType":"WILDCARD","filter":%q}]`, tc.filter)
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			_, _ = fmt.Fprintf(w, `{"repositories":[{"repositoryName":"shop/api","imageTagMutability":%q%s}]}`, tc.mutability, filters)
		}))
		environment(t, server.URL)
		moves, err := cloud.Unpaced(open(t)).At(cloud.Place{}).ECR().Movable(t.Context(), "", "shop/api")
		server.Close()
		if err != nil || moves(tc.tag) != tc.want {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}
