package registry_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
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
	expect.EqualIn(t, "blobs are left of a repository that was loaded and deleted", 0, blobCount(t, dir))
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

func basic(user, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestPushGoesToTheScopeThatIsMeant(t *testing.T) {
	third := wire.Scope{Account: "333333333333", Region: "eu-west-1"}
	token := basic("AWS", registry.Password(other, start))
	tests := map[string]struct {
		header string
		exists []wire.Scope // that have the repository already
		want   wire.Scope
	}{
		"anonymous creates at home":            {"", nil, home},
		"any password is as good as none":      {basic("me", "secret"), nil, home},
		"password that only looks like one":    {basic("AWS", "e30="), nil, home},
		"a token creates in its scope":         {token, nil, other},
		"a token prefers its scope":            {token, []wire.Scope{home, other}, other},
		"a token finds the default scope":      {token, []wire.Scope{home, third}, home},
		"anonymous finds what exists":          {"", []wire.Scope{third}, third},
		"anonymous takes the first by account": {"", []wire.Scope{third, other}, other},
		"anonymous prefers home":               {"", []wire.Scope{other, home}, home},
		"a host names its scope":               {"Host: 222222222222.dkr.ecr.eu-west-1.localhost:4510", nil, other},
		"a host of AWS's own":                  {"Host: 222222222222.dkr.ecr.eu-west-1.amazonaws.com", nil, other},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSUT(t, "")
			for _, scope := range test.exists {
				expect.Value(s.CreateRepository(registry.RepositoryID{Scope: scope, Name: "app"}, registry.Settings{}))(t)
			}
			header := test.header
			if header == "" {
				header = "Accept: */*"
			}
			s.want(s.do("POST", "/v2/app/blobs/uploads/?digest="+emptyJSON, "{}", header), http.StatusCreated, "")
			s.want(s.do("PUT", "/v2/app/manifests/v1", artifact(""), header), http.StatusCreated, "")
			s.want(s.do("GET", "/v2/app/manifests/v1", "", header), http.StatusOK, "")
			if _, err := s.Image(registry.RepositoryID{Scope: test.want, Name: "app"}, registry.Ref{Tag: "v1"}); err != nil {
				t.Errorf("the image is not in %v: %v", test.want, err)
			}
		})
	}
}

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
			expect.EqualIn(t, fmt.Sprintf("%d after %q", n, last), after[:min(n, len(after))], got.Tags)
			if more := a.Get("Link") != ""; more != (n > 0 && n < len(after)) {
				t.Errorf("%d after %q of %d: Link %q", n, last, len(after), a.Get("Link"))
			}
		}
	}
}

func compareTags(a, b string) int {
	if c := strings.Compare(strings.ToLower(a), strings.ToLower(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

func TestResolve(t *testing.T) {
	s := newSUT(t, "")
	arm := labelled(t, "arm64", map[string]string{"on": "arm"})
	intel := labelled(t, "amd64", map[string]string{"on": "intel"})
	single := string(s.push("shop/api:v1", intel))
	s.push("shop/api:latest", arm)
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: arm, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}}},
		mutate.IndexAddendum{Add: intel, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
		mutate.IndexAddendum{Add: randomImage(t), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}}})
	expect.OK(t, remote.WriteIndex(s.ref("shop/multi:v1"), index))
	multi := string(digestOf(t, index))

	type result struct {
		Digest    string
		Labels    map[string]string
		Platforms []string
		NotFound  bool
	}
	onIntel := result{Digest: single, Labels: map[string]string{"on": "intel"}, Platforms: []string{"linux/amd64"}}
	both := result{Digest: multi, Labels: map[string]string{"on": "intel"}, Platforms: []string{"linux/arm64/v8", "linux/amd64"}}
	onArm := result{Digest: string(digestOf(t, arm)), Labels: map[string]string{"on": "arm"}, Platforms: []string{"linux/arm64"}}
	tests := map[string]result{
		s.host + "/shop/api:v1":                                      onIntel,
		"localhost:4510/shop/api:v1":                                 onIntel,
		"shop/api@" + single:                                         onIntel,
		s.host + "/shop/api:v9@" + single:                            onIntel, // the digest wins
		s.host + "/shop/api":                                         onArm,
		s.host + "/shop/multi:v1":                                    both,
		"111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/multi:v1": both,
		"111111111111.dkr.ecr.us-east-1.amazonaws.com/shop/multi:v1": {NotFound: true},
		"222222222222.dkr.ecr.eu-west-1.amazonaws.com/shop/multi:v1": {NotFound: true},
		s.host + "/shop/api:v2":                                      {NotFound: true},
		s.host + "/shop/api@" + multi:                                {NotFound: true},
		s.host + "/none:v1":                                          {NotFound: true},
		"nginx":                                                      {NotFound: true},
	}
	for reference, want := range tests {
		t.Run(reference, func(t *testing.T) {
			digest, labels, platforms, err := s.Resolve(reference)
			got := result{digest, labels, platforms, registry.IsNotFound(err)}
			expect.EqualIn(t, fmt.Sprintf("error %v", err), want, got)
		})
	}
	if _, _, _, err := s.Resolve("app@sha256:12"); err == nil || registry.IsNotFound(err) {
		t.Errorf("a malformed digest gave %v", err)
	}
}
