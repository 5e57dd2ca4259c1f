package sandbox_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
)

func TestRegistryCallsAreNamedByWhatTheyAreAbout(t *testing.T) {
	for path, want := range map[string]string{
		"/v2/":                             "registry.GET",
		"/v2":                              "registry.GET",
		"/v2/_catalog":                     "registry.GET",
		"/v2/app/manifests/v1":             "registry.GET manifests",
		"/v2/team/blobs/tags/manifests/v1": "registry.GET manifests",
		"/v2/app/blobs/sha256:00":          "registry.GET blobs",
		"/v2/app/blobs/uploads":            "registry.GET uploads",
		"/v2/app/blobs/uploads/":           "registry.GET uploads",
		"/v2/app/blobs/uploads/id":         "registry.GET uploads",
		"/v2/app/tags/list":                "registry.GET tags",
		"/v2/app/referrers/sha256:00":      "registry.GET referrers",
	} {
		box := serve(t, sandbox.Config{})
		box.send(t, http.MethodGet, path, "")
		expect.EqualIn(t, path, []string{want}, slices.Collect(maps.Keys(box.Calls().ByOperation)))
	}
}
