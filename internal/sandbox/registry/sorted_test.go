package registry_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
)

// However tags came and went, a list has those that are there, in order, from
// wherever it is asked to begin.
func TestTagListAgreesWithAModel(t *testing.T) {
	s := newSUT(t, "")
	id := registry.RepositoryID{Scope: home, Name: "app"}
	random := rand.New(rand.NewPCG(1, 2))
	model := map[string]bool{}
	for step := range 12_000 {
		tag := fmt.Sprintf("%c%d", "aAbB"[random.IntN(4)], random.IntN(1500))
		if model[tag] && step > 6_000 {
			expect.OK(t, s.DeleteTag(id, tag))
			delete(model, tag)
			continue
		}
		manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"manifests":[],"annotations":{"n":"%d"}}`, registry.OCIIndex, step%100)
		if _, _, err := s.PutManifest(id, registry.Put{Manifest: manifest, Tag: tag}); err != nil {
			t.Fatal(err)
		}
		model[tag] = true
	}
	want := slices.SortedFunc(maps.Keys(model), compareTags)
	for _, last := range []string{"", "A", "a7", "b1499", "zz", want[0], want[len(want)/2], want[len(want)-1]} {
		after := want[len(want)-len(slices.DeleteFunc(slices.Clone(want), func(tag string) bool { return compareTags(tag, last) <= 0 })):]
		for _, n := range []int{0, 1, 600, 1000} {
			var got struct{ Tags []string }
			a := s.want(s.do("GET", fmt.Sprintf("/v2/app/tags/list?n=%d&last=%s", n, last), ""), http.StatusOK, "")
			expect.OK(t, json.Unmarshal([]byte(a.body), &got))
			if diff := gocmp.Diff(after[:min(n, len(after))], got.Tags); diff != "" {
				t.Errorf("%d after %q: %s", n, last, diff)
			}
			if more := a.Get("Link") != ""; more != (n > 0 && n < len(after)) {
				t.Errorf("%d after %q of %d: Link %q", n, last, len(after), a.Get("Link"))
			}
		}
	}
}

func compareTags(a, b string) int {
	return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
}
