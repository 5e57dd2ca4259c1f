package registry_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
)

func newHandler(t testing.TB) (*registry.Store, *registry.Handler) {
	store := expect.Value(registry.Open(registry.Options{Clock: clock.NewManual(start), Scope: home}))(t)
	return store, registry.NewHandler(store)
}

// Whatever the path and method, the answer is one of a registry's, and only a
// well-formed name can make a repository.
func FuzzPath(f *testing.F) {
	f.Add("GET", "/v2/")
	f.Add("POST", "/v2/a/b/blobs/uploads/")
	f.Add("POST", "/v2/../blobs/uploads/?digest="+emptyJSON)
	f.Add("PUT", "/v2/a//b/manifests/v1")
	f.Add("PATCH", "/v2/blobs/uploads/blobs/uploads/x")
	f.Add("DELETE", "/v2/x/tags/list/manifests/"+emptyJSON)
	f.Fuzz(func(t *testing.T, method, path string) {
		store, handler := newHandler(t)
		u, err := url.Parse("http://localhost" + path)
		if err != nil || !regexp.MustCompile(`^[A-Z]+$`).MatchString(method) {
			t.Skip()
		}
		request := httptest.NewRequest(method, "/", strings.NewReader("{}"))
		request.URL = u
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Code >= http.StatusInternalServerError {
			t.Errorf("status %d: %s", recorder.Code, recorder.Body)
		}
		for _, r := range store.Repositories(home) {
			if !registry.ValidRepository(r.Name) {
				t.Errorf("made the repository %q", r.Name)
			}
		}
	})
}

// What is pushed under a name, however it looks, is found under that name.
func FuzzName(f *testing.F) {
	for _, name := range []string{"app", "tags/list", "blobs/uploads", "a/blobs/uploads/b", "x/manifests/y", "referrers/z", "v2/v2", "blobs/blobs"} {
		f.Add(name, "v1")
		f.Add(name, "list")
		f.Add(name, "uploads")
	}
	f.Fuzz(func(t *testing.T, name, tag string) {
		if !registry.ValidRepository(name) || !registry.ValidTag(tag) || len(tag) > 128 {
			t.Skip()
		}
		_, handler := newHandler(t)
		do := func(method, path, body string, want int) {
			t.Helper()
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, httptest.NewRequest(method, "/v2/"+name+path, strings.NewReader(body)))
			if recorder.Code != want {
				t.Fatalf("%s %s: %d %s, want %d", method, path, recorder.Code, recorder.Body, want)
			}
		}
		do("POST", "/blobs/uploads/?digest="+emptyJSON, "{}", http.StatusCreated)
		do("GET", "/blobs/"+emptyJSON, "", http.StatusOK)
		do("PUT", "/manifests/"+tag, artifact(""), http.StatusCreated)
		do("GET", "/manifests/"+tag, "", http.StatusOK)
		do("GET", "/tags/list", "", http.StatusOK)
		do("GET", "/referrers/"+emptyJSON, "", http.StatusOK)
	})
}

// The matcher agrees with the regular expression that a filter stands for.
func FuzzMatchFilter(f *testing.F) {
	f.Add("dev-*", "dev-1")
	f.Add("*", "")
	f.Add("**a**", "banana")
	f.Add("a*b*c", "abbc")
	f.Add("*.*", "1.2")
	f.Add("ab*ba", "aba")
	f.Fuzz(func(t *testing.T, filter, tag string) {
		// Tags and filters are ASCII; the expression's dot is not a newline or half a rune.
		if len(filter) > 128 || strings.Contains(tag, "\n") || !utf8.ValidString(filter) || !utf8.ValidString(tag) {
			t.Skip()
		}
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(filter), `\*`, ".*") + "$"
		expression := expect.Value(regexp.Compile(pattern))(t)
		if got, want := registry.MatchFilter(filter, tag), expression.MatchString(tag); got != want {
			t.Errorf("%q matches %q: %v, want %v", filter, tag, got, want)
		}
	})
}
