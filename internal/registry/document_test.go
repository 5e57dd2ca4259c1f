package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/registry"
)

func note() registry.Document {
	return registry.Document{Type: "application/vnd.test.note", ContentType: "application/vnd.test.text", Content: []byte("hello"), Annotations: map[string]string{"b": "2", "a": "<1>"}}
}

func write(t *testing.T, d *registry.Documents, at tagboat.Reference) {
	t.Helper()
	expect.OK(t, d.PutContent(t.Context(), at, note()))
	expect.OK(t, d.PutManifest(t.Context(), at, note()))
}

func TestDocument(t *testing.T) {
	const blob = `{"digest":"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824","mediaType":"application/vnd.test.text","size":5}`
	whole := `{"data":"aGVsbG8=",` + blob[1:]
	want := `{"annotations":{"a":"\u003c1\u003e","b":"2"},"artifactType":"application/vnd.test.note","config":` + whole + `,"layers":[` + blob + `],"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}`
	expect.Equal(t, want, string(note().Manifest()))
	s := serve(t)
	d := client(t, nil).Documents()
	at := s.ref(t, "notes:1")
	write(t, d, at)
	expect.EqualIn(t, "requests of a new one", 3, len(s.asked()))
	byDigest := at
	byDigest.Tag, byDigest.Digest = "", note().Digest()
	for _, ref := range []tagboat.Reference{at, byDigest} {
		s.answer(nil)
		got := expect.Value(d.Get(t.Context(), ref, note().Type, note().ContentType, 5))(t)
		expect.EqualIn(t, ref.String(), note(), got)
		expect.EqualIn(t, "requests", 1, len(s.asked()))
		expect.EqualIn(t, "it is there", true, expect.Value(d.Has(t.Context(), ref))(t))
	}
	for name, wrong := range map[string]struct {
		ref           tagboat.Reference
		kind, content string
		limit         int64
		is            error
	}{
		"no tag":       {s.ref(t, "notes:2"), note().Type, note().ContentType, 5, registry.ErrNoDocument},
		"another type": {at, "application/vnd.other", note().ContentType, 5, registry.ErrNotThis},
		"another form": {at, note().Type, "application/vnd.other", 5, registry.ErrNotThis},
		"too large":    {at, note().Type, note().ContentType, 4, registry.ErrNotThis},
	} {
		if _, err := d.Get(t.Context(), wrong.ref, wrong.kind, wrong.content, wrong.limit); !errors.Is(err, wrong.is) {
			t.Errorf("%s: %v", name, err)
		}
	}
	there := expect.Value(d.Has(t.Context(), s.ref(t, "notes@sha256:"+strings.Repeat("0", 64))))(t)
	expect.EqualIn(t, "what is not there", false, there)
	if _, err := d.Has(t.Context(), tagboat.Reference{Host: s.host, Repository: "notes", Tag: "a/../b"}); tagboat.KindOf(err) != tagboat.Usage {
		t.Errorf("a tag that is none: %v", err)
	}
}

// TestAnImageIsNoDocument, nor is what another program wrote in another form.
func TestAnImageIsNoDocument(t *testing.T) {
	s := serve(t)
	s.push(t, "notes:image", image(t, "amd64", nil))
	_, err := client(t, nil).Documents().Get(t.Context(), s.ref(t, "notes:image"), note().Type, note().ContentType, 5)
	if !errors.Is(err, registry.ErrNotThis) || !strings.Contains(err.Error(), "is an image") {
		t.Error(err)
	}
	d := client(t, nil).Documents()
	write(t, d, s.ref(t, "notes:1"))
	other := strings.Replace(string(note().Manifest()), `"schemaVersion":2`, `"schemaVersion": 2`, 1)
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/manifests/1") {
			return false
		}
		fmt.Fprint(w, other)
		return true
	})
	if _, err := d.Get(t.Context(), s.ref(t, "notes:1"), note().Type, note().ContentType, 5); !errors.Is(err, registry.ErrNotThis) {
		t.Error(err)
	}
}

// TestDocumentsWithALogin send it at once, so that each request is one, whatever the registry asks for.
func TestDocumentsWithALogin(t *testing.T) {
	s := serve(t)
	basic := func(w http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); user == "AWS" && password == "secret" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	s.answer(basic)
	known := &users{known: map[string][2]string{s.host: {"AWS", "secret"}}}
	d := client(t, known).Documents()
	write(t, d, s.ref(t, "notes:1"))
	expect.EqualIn(t, "requests", 3, len(s.asked()))
	token := func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/token":
			user, password, _ := r.BasicAuth()
			if user != "AWS" || password != "secret" || r.URL.Query().Get("scope") == "" {
				w.WriteHeader(http.StatusForbidden)
				return true
			}
			fmt.Fprint(w, `{"token":"letmein"}`)
		case r.Header.Get("Authorization") == "Bearer letmein":
			return false
		default:
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="test"`, r.Host))
			w.WriteHeader(http.StatusUnauthorized)
		}
		return true
	}
	s.answer(token)
	d = client(t, known).Documents()
	write(t, d, s.ref(t, "notes:2"))
	expect.EqualIn(t, "requests with a token", []string{
		"POST /v2/notes/blobs/uploads/", "GET /v2/", "GET /token", "POST /v2/notes/blobs/uploads/",
	}, s.asked()[:4])
	expect.EqualIn(t, "requests with a token", 6, len(s.asked()))
	wrong := &users{known: map[string][2]string{s.host: {"AWS", "hunter2"}}}
	_, err := client(t, wrong).Documents().Has(t.Context(), s.ref(t, "notes:1"))
	var e *tagboat.Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint, "docker login "+s.host) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

// TestALoginStaysWithItsRegistry, where the registry sends the reader elsewhere for a blob.
func TestALoginStaysWithItsRegistry(t *testing.T) {
	s, elsewhere := serve(t), serve(t)
	known := &users{known: map[string][2]string{s.host: {"AWS", "secret"}}}
	d := client(t, known).Documents()
	large, at := note(), s.ref(t, "notes:1")
	large.Content = bytes.Repeat([]byte("hello"), 1<<18) // too large for its manifest
	expect.OK(t, d.PutContent(t.Context(), at, large))
	expect.OK(t, d.PutManifest(t.Context(), at, large))
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/blobs/") {
			return false
		}
		http.Redirect(w, r, "http://"+elsewhere.host+"/blob", http.StatusTemporaryRedirect)
		return true
	})
	asked := 0
	elsewhere.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if asked++; r.Header.Get("Authorization") != "" {
			t.Errorf("the login went along: %s", r.Header.Get("Authorization"))
		}
		_, _ = w.Write(large.Content)
		return true
	})
	expect.Value(d.Get(t.Context(), at, note().Type, note().ContentType, 2<<20))(t)
	expect.EqualIn(t, "requests elsewhere", 1, asked)
	large.Content = []byte("hello, hello") // what the other registry gives now
	if _, err := d.Get(t.Context(), at, note().Type, note().ContentType, 2<<20); !errors.Is(err, registry.ErrDigest) {
		t.Errorf("other bytes of a blob: %v", err)
	}
}

// TestDocumentsInSpiteOfFailures has every third request fail, and lost uploads.
func TestDocumentsInSpiteOfFailures(t *testing.T) {
	s := serve(t)
	n := 0
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if n++; n%3 != 1 {
			return false
		}
		status := []int{http.StatusBadGateway, http.StatusInternalServerError, http.StatusTooManyRequests}[n/3%3]
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(status)
		return true
	})
	d := client(t, nil).Documents()
	for tag := range 3 {
		at := s.ref(t, fmt.Sprintf("notes:%d", tag))
		write(t, d, at)
		expect.Value(d.Get(t.Context(), at, note().Type, note().ContentType, 5))(t)
	}
}
