package release_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/registry"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

const (
	artifactType = "application/vnd.tagboat.release.v1"
	contentType  = "application/vnd.tagboat.release.content.v1+json"
)

// plant writes a document as somebody does who may push to the repository, and numbers it if
// asked to.
func plant(w *apptest.World, tag string, d registry.Document, number bool) tagboat.Digest {
	w.Helper()
	at := tagboat.Reference{Host: sandboxtest.Host, Repository: "shop-releases", Tag: tag}
	a := w.Open()
	documents := a.Releases.Catalog.Registry.Documents()
	if err := documents.PutContent(w.Context(), at, d); err != nil {
		w.Fatal(err)
	}
	if err := documents.PutManifest(w.Context(), at, d); err != nil {
		w.Fatal(err)
	}
	if number {
		if _, err := a.Releases.Home.Number(w.Context(), home.Numbered{ID: d.Digest()}); err != nil {
			w.Fatal(err)
		}
	}
	return d.Digest()
}

func document(content string) registry.Document {
	return registry.Document{Type: artifactType, ContentType: contentType, Content: []byte(content), Annotations: map[string]string{"org.opencontainers.image.title": "shop"}}
}

const zeros = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

// planted are artifacts that no release create writes, and what is said of them.
func planted() map[string]struct {
	document registry.Document
	says     string
} {
	const image = `{"api":{"digest":"` + zeros + `","repository":"shop/api"}}`
	annotated := document(`{"app":"shop","images":{},"services":{}}`)
	annotated.Annotations["more"] = "x"
	other := document(`{"app":"shop","images":{},"services":{}}`)
	other.Type = "application/vnd.other"
	return map[string]struct {
		document registry.Document
		says     string
	}{
		"another type":         {other, "was moved"},
		"more annotations":     {annotated, "annotated with more"},
		"no JSON":              {document(`hello`), "it is not a release of this version"},
		"blanks":               {document(`{"app": "shop","images":{},"services":{}}`), "another form"},
		"another order":        {document(`{"images":{},"app":"shop","services":{}}`), "another form"},
		"a member twice":       {document(`{"app":"other","app":"shop","images":{},"services":{}}`), "another form"},
		"an unknown member":    {document(`{"app":"shop","extra":1,"images":{},"services":{}}`), `unknown field "extra"`},
		"more after it":        {document(`{"app":"shop","images":{},"services":{}}{}`), "another form"},
		"another application":  {document(`{"app":"other","images":{},"services":{}}`), "annotated with more"},
		"another repository":   {document(`{"app":"shop","images":{"api":{"digest":"` + zeros + `","repository":"evil/api"}},"services":{}}`), "names the repository evil/api for the image api, and "},
		"another registry":     {document(`{"app":"shop","images":{"api":{"digest":"` + zeros + `","repository":"evil.example/shop/api"}},"services":{}}`), "names the repository evil.example/shop/api"},
		"no digest":            {document(`{"app":"shop","images":{"api":{"digest":"v1","repository":"shop/api"}},"services":{}}`), `has the digest "v1"`},
		"a tag in the name":    {document(`{"app":"shop","images":{"api":{"digest":"` + zeros + `","repository":"shop/api:v1"}},"services":{}}`), "cannot be an image"},
		"an image is missing":  {document(`{"app":"shop","images":{},"services":{"api":{"containers":{"app":"api"},"taskDefinition":"{}"}}}`), "which it does not have"},
		"two task definitions": {document(`{"app":"shop","images":` + image + `,"services":{"api":{"family":"x","taskDefinition":"{}"}}}`), `"api" cannot be a service`},
		"a circle":             {document(`{"app":"shop","images":{},"services":{"a":{"dependsOn":["b"],"family":"x"},"b":{"dependsOn":["a"],"family":"x"}}}`), "depends on itself"},
	}
}

func TestPlantedArtifacts(t *testing.T) {
	for name, tc := range planted() {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *apptest.World) {
				id := plant(w, "1", tc.document, true)
				for _, by := range []string{"1", string(id), id.Hex(), id.Short()} {
					_, err := w.Open().Releases.Find(w.Context(), by)
					words := tc.says
					if by != "1" && words == "was moved" {
						words = "it is something else"
					}
					refused(t, err, words)
				}
			})
		})
	}
}

// hostile answers a kind of request with other bytes.
type hostile struct {
	next   http.RoundTripper
	path   string
	become func(*http.Response) *http.Response
}

func (h hostile) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := h.next.RoundTrip(r)
	if err == nil && r.Method == http.MethodGet && strings.Contains(r.URL.Path, h.path) {
		resp = h.become(resp)
	}
	return resp, err
}

// TestARegistryThatLies gives other bytes for a release's id.
func TestARegistryThatLies(t *testing.T) {
	run(t, func(w *apptest.World) {
		made := create(w, release.Request{Environment: "dev"})
		a := w.Open(func(next http.RoundTripper) http.RoundTripper {
			return hostile{next, "/shop-releases/manifests/", func(resp *http.Response) *http.Response {
				_ = resp.Body.Close()
				resp.Body, resp.ContentLength = http.NoBody, 0
				return resp
			}}
		})
		_, err := a.Releases.Find(w.Context(), string(made.ID))
		refused(t, err, "gives other content")
	})
}

func TestFind(t *testing.T) {
	run(t, func(w *apptest.World) {
		w.Write("tagboat.yaml", config("")+"releases: {name: \"beef{seq}\"}\n")
		made := create(w, release.Request{Environment: "dev", Notes: "one"})
		other := create(w, release.Request{Environment: "dev", Notes: "two"})
		releases := w.Open().Releases
		number := func(hex string) tagboat.Digest {
			id := tagboat.Digest("sha256:" + hex + strings.Repeat("0", 64-len(hex)))
			expect.Value(releases.Home.Number(w.Context(), home.Numbered{ID: id}))(t)
			return id
		}
		number("beef10")
		number("cafe01")
		number("cafe02")
		for _, by := range []string{"beef1", string(made.ID), made.ID.Hex(), made.ID.Short(), strings.ToUpper(made.ID.Hex()), "sha256:" + made.ID.Hex()[:8]} {
			found := expect.Value(releases.Find(w.Context(), by))(t)
			expect.EqualIn(t, by, [3]string{"beef1", string(made.ID), "one"}, [3]string{found.Name, string(found.ID), found.Notes})
		}
		for by, says := range map[string][]string{
			"cafe":              {"cafe is the beginning of 2 ids: of releases beef5 (cafe02000000…) and beef4 (cafe01000000…)"},
			"caf":               {`there is no release "caf"`, "the newest is beef5"},
			"beef":              {"release beef3 is not in", "release create was interrupted"},
			"beeff":             {`there is no release "beeff"`, "did you mean beef"},
			"beef4":             {"release beef4 is not in", "release create was interrupted"},
			zeros:               {"release 000000000000 is not in"},
			"../../evil":        {`there is no release "../../evil"`},
			"beef2@sha256:1234": {"there is no release"},
		} {
			_, err := releases.Find(w.Context(), by)
			refused(t, err, says...)
		}
		if calls := counted(w, func(ctx context.Context, a *app.App) { expect.Value(a.Releases.Find(ctx, "beef2"))(t) }); calls.Total != 2 {
			t.Errorf("finding one by name took %v", calls.ByOperation)
		}
		if calls := counted(w, func(ctx context.Context, a *app.App) { expect.Value(a.Releases.At(ctx, other.ID, "beef2"))(t) }); calls.Total != 1 {
			t.Errorf("reading one by id took %v", calls.ByOperation)
		}
	})
}

// TestATagThatMoved stands for another release than its number says.
func TestATagThatMoved(t *testing.T) {
	run(t, func(w *apptest.World) {
		first := create(w, release.Request{Environment: "dev", Notes: "one"})
		second := create(w, release.Request{Environment: "dev", Notes: "two"})
		moved := tagboat.Reference{Host: sandboxtest.Host, Repository: "shop-releases", Digest: second.ID}
		expect.OK(t, w.Open().Releases.Catalog.Registry.Tag(w.Context(), moved, "1"))
		_, err := w.Open().Releases.Find(w.Context(), "1")
		refused(t, err, "the tag 1 of", "was moved: it stands for "+second.ID.Short()+", and release 1 is "+first.ID.Short())
		found := expect.Value(w.Open().Releases.Find(w.Context(), string(first.ID)))(t)
		expect.EqualIn(t, "by its id", "one", found.Notes)
	})
}

// TestATagThatNobodyNumbered is no release, whatever it stands for.
func TestATagThatNobodyNumbered(t *testing.T) {
	run(t, func(w *apptest.World) {
		create(w, release.Request{Environment: "dev"})
		plant(w, "v999", document(`{"app":"shop","images":{},"services":{}}`), false)
		_, err := w.Open().Releases.Find(w.Context(), "v999")
		refused(t, err, `there is no release "v999"`)
	})
}

// TestOlderThanAHundred finds a release by the name that only its tag knows any more.
func TestOlderThanAHundred(t *testing.T) {
	run(t, func(w *apptest.World) {
		made := create(w, release.Request{Environment: "dev"})
		releases := w.Open().Releases
		for n := range 100 {
			expect.Value(releases.Home.Number(w.Context(), home.Numbered{ID: tagboat.Digest(fmt.Sprintf("sha256:%064x", n+1))}))(t)
		}
		found := expect.Value(releases.Find(w.Context(), "1"))(t)
		expect.EqualIn(t, "the release", made.ID, found.ID)
		again := create(w, release.Request{Environment: "dev"})
		expect.EqualIn(t, "the same content", [2]any{"1", false}, [2]any{again.Name, again.Created})
	})
}

// TestANameThatIsTaken has an immutable tag where the next release's should stand.
func TestANameThatIsTaken(t *testing.T) {
	run(t, func(w *apptest.World) {
		w.AWS("ecr.CreateRepository", map[string]any{"repositoryName": "shop-releases", "imageTagMutability": "IMMUTABLE"})
		plant(w, "1", document(`{"app":"shop","images":{},"services":{}}`), false)
		_, err := w.Open().Releases.Create(w.Context(), release.Request{Environment: "dev", Commit: commit})
		refused(t, err, "the name 1 is taken", "run the command again to get the next number")
		made := create(w, release.Request{Environment: "dev"})
		expect.EqualIn(t, "the name", "2", made.Name)
	})
}

// TestNoRepository says how to make one, where pushing does not.
func TestNoRepository(t *testing.T) {
	run(t, func(w *apptest.World) {
		a := w.Open(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/shop-releases/blobs/uploads/") {
					return next.RoundTrip(r)
				}
				body := `{"errors":[{"code":"NAME_UNKNOWN","message":"The repository with name 'shop-releases' does not exist in the registry with id '123456789012'"}]}`
				return &http.Response{StatusCode: http.StatusNotFound, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
			})
		})
		_, err := a.Releases.Create(w.Context(), release.Request{Environment: "dev", Commit: commit})
		refused(t, err, "has no repository shop-releases", "aws ecr create-repository --repository-name shop-releases --image-tag-mutability IMMUTABLE")
		numbers := expect.Value(w.Open().Releases.Home.Numbers(w.Context()))(t)
		expect.EqualIn(t, "numbers", 0, len(numbers))
	})
}

// TestKilled kills release create at each of its calls, and runs it again.
func TestKilled(t *testing.T) {
	for at := range 6 {
		run(t, func(w *apptest.World) {
			n := 0
			a := w.Open(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					if n++; n > at {
						return nil, context.Canceled
					}
					return next.RoundTrip(r)
				})
			})
			if _, err := a.Releases.Create(w.Context(), release.Request{Environment: "dev", Commit: commit}); err == nil {
				t.Fatalf("killed at call %d it ended well", at)
			}
			made := create(w, release.Request{Environment: "dev"})
			found := expect.Value(w.Open().Releases.Find(w.Context(), made.Name))(t)
			expect.EqualIn(t, fmt.Sprint("killed at call ", at), [2]any{true, made.ID}, [2]any{made.Created, found.ID})
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzContent holds that what is read as a release's content is what is written of it.
func FuzzContent(f *testing.F) {
	for _, tc := range planted() {
		f.Add(tc.document.Content)
	}
	f.Add([]byte(`{"app":"shop","images":{"a":{"digest":"` + zeros + `","repository":"a"}},"services":{"a":{"containers":{"c":"a"},"service":"{}","taskDefinition":"{}"}},"vars":{"x":[{"value":1e400}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		content, err := release.Decode(data)
		if err == nil && string(release.Encode(content)) != string(data) {
			t.Errorf("%q is read as %q", data, release.Encode(content))
		}
		if err == nil && !json.Valid(data) {
			t.Errorf("%q is read", data)
		}
	})
}
