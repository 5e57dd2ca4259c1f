package registry_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/registry"
)

// hostile is a registry that answers as somebody wants it to; nil is the answer of an
// honest one, which has an image under the tag 1.0 and an index under 2.0.
type hostile struct {
	attack func(r *http.Request) *http.Response
	asks   bool // for a login

	mu       sync.Mutex
	requests []*http.Request
}

const registryHost = "registry.example"

var (
	goodConfig   = `{"architecture":"amd64","os":"linux","config":{"Labels":{"team":"shop"}},"rootfs":{"type":"layers","diff_ids":[]}}`
	evilConfig   = strings.Replace(goodConfig, "shop", "evil", 1)
	goodManifest = manifestOf(goodConfig, int64(len(goodConfig)))
	goodIndex    = fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%d,"platform":{"os":"linux","architecture":"amd64"}}]}`,
		sum(goodManifest), len(goodManifest))
)

func sum(s string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(s))) }

func manifestOf(config string, size int64) string {
	return fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},"layers":[]}`,
		sum(config), size)
}

func answer(code int, body string, header ...string) *http.Response {
	resp := &http.Response{
		StatusCode: code, Status: http.StatusText(code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Add(header[i], header[i+1])
	}
	return resp
}

// streamed is an answer whose body is read from somewhere.
func streamed(body io.Reader) *http.Response {
	resp := answer(http.StatusOK, "")
	resp.Body, resp.ContentLength = io.NopCloser(body), -1
	return resp
}

// RoundTrip implements http.RoundTripper.
func (h *hostile) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.requests = append(h.requests, r)
	h.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if h.asks && r.URL.Host == registryHost && r.Header.Get("Authorization") == "" {
		return answer(http.StatusUnauthorized, "", "WWW-Authenticate", `Basic realm="x"`), nil
	}
	if h.attack != nil {
		if resp := h.attack(r); resp != nil {
			if s, ok := resp.Body.(interface{ until(<-chan struct{}) }); ok {
				s.until(r.Context().Done())
			}
			return resp, nil
		}
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
	}
	return honest(r), nil
}

func honest(r *http.Request) *http.Response {
	path := r.URL.Path
	for name, content := range map[string][2]string{
		"/manifests/1.0": {goodManifest, "application/vnd.oci.image.manifest.v1+json"}, "/manifests/" + sum(goodManifest): {goodManifest, "application/vnd.oci.image.manifest.v1+json"},
		"/manifests/2.0": {goodIndex, "application/vnd.oci.image.index.v1+json"}, "/manifests/" + sum(goodIndex): {goodIndex, "application/vnd.oci.image.index.v1+json"},
		"/blobs/" + sum(goodConfig): {goodConfig, "application/octet-stream"}, "/tags/list": {`{"name":"shop/api","tags":["1.0","2.0"]}`, "application/json"},
	} {
		if strings.HasSuffix(path, name) {
			return answer(http.StatusOK, content[0], "Content-Type", content[1], "Docker-Content-Digest", sum(content[0]))
		}
	}
	if path == "/v2/" {
		return answer(http.StatusOK, "{}")
	}
	return answer(http.StatusNotFound, `{"errors":[{"code":"MANIFEST_UNKNOWN"}]}`)
}

func (h *hostile) client(t *testing.T, cache string, limits registry.Limits) *registry.Client {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	c := expect.Value(registry.New(registry.Options{
		Transport: h, Cache: cache, Limits: limits,
		Credentials: &users{known: map[string][2]string{registryHost: {"bob", "hunter2"}}},
	}))(t)
	return c
}

func at(tag string) tagboat.Reference {
	return tagboat.Reference{Host: registryHost, Repository: "shop/api", Tag: tag}
}

// to answers requests whose path ends with something.
func to(end string, resp func() *http.Response) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, end) {
			return resp()
		}
		return nil
	}
}

func ok(body string, header ...string) func() *http.Response {
	return func() *http.Response { return answer(http.StatusOK, body, header...) }
}

// TestOtherBytesUnderADigest has mirrors that answer what was not asked for. Nothing of it
// counts, and nothing of it is kept.
func TestOtherBytesUnderADigest(t *testing.T) {
	evilManifest := manifestOf(evilConfig, int64(len(evilConfig)))
	for name, tc := range map[string]struct {
		tag    string
		attack func(*http.Request) *http.Response
	}{
		"another config":                  {"1.0", to("/blobs/"+sum(goodConfig), ok(evilConfig))},
		"a config with more behind it":    {"1.0", to("/blobs/"+sum(goodConfig), ok(goodConfig+" "))},
		"half a config":                   {"1.0", to("/blobs/"+sum(goodConfig), ok("{}"))},
		"a config in pieces":              {"1.0", to("/blobs/"+sum(goodConfig), func() *http.Response { return streamed(strings.NewReader(evilConfig)) })},
		"a config of an index's image":    {"2.0", to("/blobs/"+sum(goodConfig), ok(evilConfig))},
		"an index's image":                {"2.0", to("/manifests/"+sum(goodManifest), ok(evilManifest, "Content-Type", "application/vnd.oci.image.manifest.v1+json"))},
		"a manifest that is of 2015":      {"@" + sum(goodManifest), to("/manifests/"+sum(goodManifest), ok(evilManifest, "Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws", "Docker-Content-Digest", sum(goodManifest)))},
		"a manifest, with the header too": {"@" + sum(goodManifest), to("/manifests/"+sum(goodManifest), ok(evilManifest, "Docker-Content-Digest", sum(goodManifest)))},
		"a size that is a lie":            {"1.0", to("/manifests/1.0", ok(manifestOf(goodConfig, 5), "Content-Type", "application/vnd.oci.image.manifest.v1+json"))},
	} {
		t.Run(name, func(t *testing.T) {
			cache := t.TempDir()
			h := &hostile{attack: tc.attack}
			ref := at(tc.tag)
			if digest, found := strings.CutPrefix(tc.tag, "@"); found {
				ref.Tag, ref.Digest = "", tagboat.Digest(digest)
			}
			v, err := h.client(t, cache, registry.Limits{}).Resolve(t.Context(), ref)
			if err == nil || !errors.Is(err, registry.ErrDigest) && !strings.Contains(err.Error(), "does not match") && !strings.Contains(err.Error(), "verifying sha256") {
				t.Errorf("%+v, %v", v, err)
			}
			if files, _ := filepath.Glob(filepath.Join(cache, "*", "*", "*.json")); len(files) > 0 {
				t.Errorf("it kept %v", files)
			}
		})
	}
}

// TestTheBytesSayWhatTheyAre has true bytes with other words around them.
func TestTheBytesSayWhatTheyAre(t *testing.T) {
	for _, contentType := range []string{"application/vnd.oci.image.manifest.v1+json", "text/plain", "application/octet-stream", "", "application/vnd.oci.image.index.v1+json; charset=utf-8"} {
		h := &hostile{attack: to("/manifests/2.0", ok(goodIndex, "Content-Type", contentType))}
		v, err := h.client(t, "", registry.Limits{}).Resolve(t.Context(), at("2.0"))
		if err != nil || v.Artifact != "" || len(v.Platforms) != 1 || v.Labels["team"] != "shop" {
			t.Errorf("as %q: %+v, %v", contentType, v, err)
		}
	}
}

// TestWhatIsNoImage has what registries hold beside images, and what hostile ones make up.
func TestWhatIsNoImage(t *testing.T) {
	casetest.Each(t, "testdata/noimage/*.json", func(t *testing.T, file string) {
		content := expect.Value(os.ReadFile(file))(t)
		want, manifest, _ := strings.Cut(string(content), "\n")
		want = strings.TrimPrefix(want, "// ")
		h := &hostile{attack: to("/manifests/1.0", ok(manifest, "Content-Type", "application/vnd.oci.image.manifest.v1+json"))}
		v, err := h.client(t, "", registry.Limits{}).Resolve(t.Context(), at("1.0"))
		if err != nil || v.Artifact != want || len(v.Labels) > 0 {
			t.Errorf("it %q, want %q; %v", v.Artifact, want, err)
		}
	})
}

// endless repeats a text for ever.
type endless struct{ text string }

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.text)
	}
	return n, nil
}

// dripping gives a text once in a while, and nothing where the text is empty.
type dripping struct {
	text  string
	every time.Duration
	done  <-chan struct{}
}

func (d *dripping) until(done <-chan struct{}) { d.done = done }

func (d *dripping) Close() error { return nil }

func (d *dripping) Read(p []byte) (int, error) {
	var next <-chan time.Time
	if d.text != "" {
		next = time.After(d.every)
	}
	select {
	case <-next:
		return copy(p, d.text), nil
	case <-d.done:
		return 0, errors.New("the connection was closed")
	}
}

func drips(text string, every time.Duration) func() *http.Response {
	return func() *http.Response {
		resp := answer(http.StatusOK, "", "Content-Type", "application/vnd.oci.image.manifest.v1+json")
		resp.Body, resp.ContentLength = &dripping{text: text, every: every}, -1
		return resp
	}
}

// operations are all that is asked of a registry.
var operations = map[string]func(*testing.T, *registry.Client) error{
	"resolve": func(t *testing.T, c *registry.Client) error { return expect.Err(c.Resolve(t.Context(), at("1.0"))) },
	"index":   func(t *testing.T, c *registry.Client) error { return expect.Err(c.Resolve(t.Context(), at("2.0"))) },
	"list":    func(t *testing.T, c *registry.Client) error { return expect.Err(c.List(t.Context(), at(""))) },
	"digest":  func(t *testing.T, c *registry.Client) error { return expect.Err(c.Digest(t.Context(), at("1.0"))) },
	"exists":  func(t *testing.T, c *registry.Client) error { return expect.Err(c.Exists(t.Context(), at("1.0"))) },
	"tag": func(t *testing.T, c *registry.Client) error {
		return c.Tag(t.Context(), tagboat.Reference{Host: registryHost, Repository: "shop/api", Digest: tagboat.Digest(sum(goodManifest))}, "new")
	},
	"signatures": func(t *testing.T, c *registry.Client) error {
		return expect.Err(c.Signatures(t.Context(), tagboat.Reference{Host: registryHost, Repository: "shop/api", Digest: tagboat.Digest(sum(goodManifest))}))
	},
}

// isLimit checks that an error is of a limit, and tells how to raise it.
func isLimit(t *testing.T, err error, setting string) {
	t.Helper()
	var e *tagboat.Error
	if !errors.Is(err, registry.ErrLimit) || !errors.As(err, &e) || !strings.Contains(e.Hint, "limits: {registry: {"+setting+": ") {
		t.Errorf("%v; want the limit %s", err, setting)
	}
}

// TestARegistryThatDoesNotGoOn has clocks of its own: nobody waits here.
func TestARegistryThatDoesNotGoOn(t *testing.T) {
	limits := registry.Limits{Wait: 10 * time.Second, Total: time.Minute}
	for name, tc := range map[string]struct {
		operation string
		attack    func(*http.Request) *http.Response
		setting   string
		within    time.Duration
	}{
		"never answers":                 {"resolve", func(r *http.Request) *http.Response { <-r.Context().Done(); return nil }, "wait", 10 * time.Second},
		"never lists":                   {"list", func(r *http.Request) *http.Response { <-r.Context().Done(); return nil }, "wait", 10 * time.Second},
		"never says a digest":           {"digest", func(r *http.Request) *http.Response { <-r.Context().Done(); return nil }, "wait", 10 * time.Second},
		"begins and goes no further":    {"resolve", to("/manifests/1.0", drips("", 0)), "wait", 10 * time.Second},
		"a blank every three seconds":   {"resolve", to("/manifests/1.0", drips(" ", 3*time.Second)), "total", time.Minute},
		"a config in blanks":            {"resolve", to("/blobs/"+sum(goodConfig), drips(" ", 3*time.Second)), "total", time.Minute},
		"a list in blanks":              {"list", to("/tags/list", drips(" ", 3*time.Second)), "total", time.Minute},
		"one of an index's":             {"index", to("/manifests/"+sum(goodManifest), drips(" ", 9*time.Second)), "total", time.Minute},
		"referrers in blanks":           {"signatures", to("/referrers/"+sum(goodManifest), drips(" ", 3*time.Second)), "", time.Minute},
		"a manifest to tag, in blanks":  {"tag", to("/manifests/"+sum(goodManifest), drips(" ", 3*time.Second)), "total", time.Minute},
		"pages that take half a minute": {"list", slowPages(9 * time.Second), "total", time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hostile{attack: tc.attack}
				if tc.setting == "" { // the content type decides whether the body is read at all
					tc.setting = "total"
					h.attack = func(r *http.Request) *http.Response {
						resp := tc.attack(r)
						if resp != nil {
							resp.Header.Set("Content-Type", "application/vnd.oci.image.index.v1+json")
						}
						return resp
					}
				}
				begun := time.Now()
				c := expect.Value(registry.New(registry.Options{Transport: h, Limits: limits, Credentials: &users{}}))(t)
				isLimit(t, operations[tc.operation](t, c), tc.setting)
				if took := time.Since(begun); took > tc.within+time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// slowPages is a list without an end, whose pages take their time.
func slowPages(each time.Duration) func(*http.Request) *http.Response {
	page := 0
	return func(r *http.Request) *http.Response {
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			return nil
		}
		select {
		case <-time.After(each):
		case <-r.Context().Done():
			return nil
		}
		page++
		return answer(http.StatusOK, fmt.Sprintf(`{"tags":["t%d"]}`, page), "Link", fmt.Sprintf(`</v2/shop/api/tags/list?last=t%d>; rel="next"`, page))
	}
}

// TestARegistryThatGivesTooMuch has answers without an end, and huge ones.
func TestARegistryThatGivesTooMuch(t *testing.T) {
	limits := registry.Limits{Size: 64 << 10, Tags: 1000, Redirects: 3}
	huge := manifestOf(goodConfig, 400<<20)
	for name, tc := range map[string]struct {
		operation string
		attack    func(*http.Request) *http.Response
		setting   string
		requests  int // at most, with the two that ask how to log in
	}{
		"a manifest without an end":   {"resolve", to("/manifests/1.0", func() *http.Response { return streamed(endless{" "}) }), "size", 2},
		"a config without an end":     {"resolve", to("/blobs/"+sum(goodConfig), func() *http.Response { return streamed(endless{" "}) }), "", 3},
		"a config of 400 MB":          {"resolve", to("/manifests/1.0", ok(huge, "Content-Type", "application/vnd.oci.image.manifest.v1+json")), "size", 2},
		"a list without an end":       {"list", to("/tags/list", func() *http.Response { return streamed(io.MultiReader(strings.NewReader(`{"tags":["`), endless{"a"})) }), "size", 2},
		"a list of blanks":            {"list", to("/tags/list", func() *http.Response { return streamed(endless{" "}) }), "size", 2},
		"too many tags on a page":     {"list", to("/tags/list", ok(tagList(1001))), "tags", 2},
		"pages without an end":        {"list", endlessPages(1), "tags", 120},
		"pages that link to itself":   {"list", to("/tags/list", ok(tagList(3), "Link", `</v2/shop/api/tags/list?n=1000>; rel="next"`)), "", 4},
		"pages that go in a circle":   {"list", circle(), "", 6},
		"a page of mere commas":       {"list", to("/tags/list", ok(`{"tags":[`+strings.Repeat(`"a",`, 5000)+`"b"]}`)), "tags", 2},
		"an index of mere commas":     {"resolve", to("/manifests/1.0", crowd("application/vnd.oci.image.index.v1+json", `"manifests":[{}%s]`, ",{}")), "size", 2},
		"layers without an end":       {"resolve", to("/manifests/1.0", crowd("application/vnd.oci.image.manifest.v1+json", `"config":{},"layers":[{}%s]`, ",{}")), "size", 2},
		"annotations without an end":  {"resolve", to("/manifests/1.0", crowd("application/vnd.oci.image.manifest.v1+json", `"config":{},"annotations":{"\"":""%s}`, `,"a":""`)), "size", 2},
		"a history without an end":    {"resolve", imageOf(`{"history":[{}` + strings.Repeat(",{}", 5000) + `]}`), "size", 3},
		"a redirect to itself":        {"resolve", redirects("https://registry.example/v2/shop/api/manifests/1.0"), "redirects", 6},
		"a list redirected to itself": {"list", redirects("https://registry.example/v2/shop/api/tags/list"), "redirects", 6},
		"a digest behind redirects":   {"digest", redirects("/v2/shop/api/manifests/1.0"), "redirects", 6},
		"redirects from host to host": {"resolve", hosts(), "redirects", 6},
	} {
		t.Run(name, func(t *testing.T) {
			h := &hostile{attack: tc.attack}
			err := operations[tc.operation](t, h.client(t, "", limits))
			if tc.setting != "" {
				isLimit(t, err, tc.setting)
			} else if err == nil {
				t.Error("no error")
			}
			if len(h.requests) > tc.requests {
				t.Errorf("%d requests", len(h.requests))
			}
		})
	}
}

// crowd is a document that is not too large, with more entries than anybody needs.
func crowd(mediaType, format, entry string) func() *http.Response {
	return ok(fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,`+format+`}`, mediaType, strings.Repeat(entry, 5000)), "Content-Type", mediaType)
}

// imageOf is the image of a config.
func imageOf(config string) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		switch {
		case strings.HasSuffix(r.URL.Path, "/manifests/1.0"):
			return answer(http.StatusOK, manifestOf(config, int64(len(config))), "Content-Type", "application/vnd.oci.image.manifest.v1+json")
		case strings.HasSuffix(r.URL.Path, "/blobs/"+sum(config)):
			return answer(http.StatusOK, config)
		default:
			return nil
		}
	}
}

// TestAListWithMoreThanTags has what Google's registries tell of each image.
func TestAListWithMoreThanTags(t *testing.T) {
	var images []string
	for i := range 1000 {
		images = append(images, fmt.Sprintf(`"sha256:%d":{"tag":["a","b"],"x":[1,2,3],"y":"\\\""}`, i))
	}
	list := strings.Replace(tagList(1000), "{", `{"child":[],"manifest":{`+strings.Join(images, ",")+`},`, 1)
	h := &hostile{attack: to("/tags/list", ok(list))}
	all, err := h.client(t, "", registry.Limits{Tags: 1000, Size: 4 << 10}).List(t.Context(), at(""))
	if err != nil || len(all) != 1000 {
		t.Errorf("%d tags, %v", len(all), err)
	}
}

func tagList(n int) string {
	var tags []string
	for i := range n {
		tags = append(tags, fmt.Sprintf("%q", fmt.Sprintf("t%d", i)))
	}
	return `{"tags":[` + strings.Join(tags, ",") + `]}`
}

// endlessPages are pages with some new tags each.
func endlessPages(each int) func(*http.Request) *http.Response {
	page := 0
	return func(r *http.Request) *http.Response {
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			return nil
		}
		page += each
		return answer(http.StatusOK, fmt.Sprintf(`{"tags":["t%d"]}`, page), "Link", fmt.Sprintf(`</v2/shop/api/tags/list?last=t%d>; rel="next"`, page))
	}
}

func circle() func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			return nil
		}
		tag, next := "a", "b"
		if r.URL.Query().Get("last") == "b" {
			tag, next = "b", "a"
		}
		return answer(http.StatusOK, `{"tags":["`+tag+`"]}`, "Link", `</v2/shop/api/tags/list?last=`+next+`>; rel="next"`)
	}
}

// redirects sends whatever is asked of the repository to an address.
func redirects(address string) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		if r.URL.Path == "/v2/" {
			return nil
		}
		return answer(http.StatusTemporaryRedirect, "", "Location", address)
	}
}

// hosts redirects to a new host each time.
func hosts() func(*http.Request) *http.Response {
	n := 0
	return func(r *http.Request) *http.Response {
		if r.URL.Path == "/v2/" {
			return nil
		}
		n++
		return answer(http.StatusFound, "", "Location", fmt.Sprintf("https://host%d.example/x", n))
	}
}

// TestWhereARedirectMayGo has a registry with a login.
func TestWhereARedirectMayGo(t *testing.T) {
	for name, tc := range map[string]struct {
		address string
		words   string // of the error; "" where the redirect is followed
	}{
		"to a store of content":                 {"https://store.example/blob?X-Amz-Signature=abc", ""},
		"to the same host":                      {"https://registry.example/v2/shop/api/blobs/other", ""},
		"from https to http":                    {"http://store.example/blob", "redirects from https to http"},
		"back by http, which is asked by https": {"http://registry.example/blob", ""},
		"to this machine":                       {"https://127.0.0.1:4510/blob", "denied"},
		"to this machine by name":               {"https://localhost/blob", "http"},
		"to AWS's metadata":                     {"http://169.254.169.254/latest/meta-data", "denied"},
		"to a private network":                  {"https://10.0.0.1/blob", "denied"},
		"to a file":                             {"file:///etc/passwd", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := &hostile{asks: true}
			h.attack = func(r *http.Request) *http.Response {
				if r.URL.Host == registryHost && strings.HasSuffix(r.URL.Path, "/blobs/"+sum(goodConfig)) {
					return answer(http.StatusTemporaryRedirect, "", "Location", tc.address)
				}
				if strings.Contains(r.URL.Path, "blob") && r.URL.Scheme != "file" {
					return answer(http.StatusOK, goodConfig)
				}
				return nil
			}
			v, err := h.client(t, "", registry.Limits{}).Resolve(t.Context(), at("1.0"))
			switch {
			case tc.words != "" && (err == nil || !strings.Contains(err.Error(), tc.words)):
				t.Errorf("%+v, %v", v, err)
			case tc.words == "" && err != nil && !strings.HasPrefix(tc.address, "file"):
				t.Error(err)
			}
			for _, r := range h.requests {
				if login := r.Header.Get("Authorization"); login != "" && r.URL.Host != registryHost {
					t.Errorf("the login went to %s", r.URL)
				}
				expect.EqualIn(t, "it asked", "https", r.URL.Scheme)
			}
		})
	}
}

// TestALoginStaysOutOfTheClear has a registry whose address go-containerregistry takes for
// one of a private network, and so for one that speaks http.
func TestALoginStaysOutOfTheClear(t *testing.T) {
	h := &hostile{}
	h.attack = func(r *http.Request) *http.Response {
		if r.URL.Scheme == "https" {
			return answer(http.StatusNotFound, "")
		}
		if r.Header.Get("Authorization") == "" {
			return answer(http.StatusUnauthorized, "", "WWW-Authenticate", `Basic realm="x"`)
		}
		return nil
	}
	c := expect.Value(registry.New(registry.Options{Transport: h, Credentials: &users{known: map[string][2]string{"10.0.0.5:5000": {"bob", "hunter2"}}}}))(t)
	_, err := c.Resolve(t.Context(), tagboat.Reference{Host: "10.0.0.5:5000", Repository: "shop/api", Tag: "1.0"})
	if err == nil || !strings.Contains(err.Error(), "unencrypted") || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
	h.attack = func(r *http.Request) *http.Response { // it asks for no login
		if r.URL.Scheme == "https" {
			return answer(http.StatusNotFound, "")
		}
		return nil
	}
	err = c.Tag(t.Context(), tagboat.Reference{Host: "10.0.0.5:5000", Repository: "shop/other", Digest: tagboat.Digest(sum(goodManifest))}, "new")
	if err == nil || !strings.Contains(err.Error(), "unencrypted") {
		t.Errorf("what is pushed: %v", err)
	}
	for _, r := range h.requests {
		if r.Header.Get("Authorization") != "" && r.URL.Scheme != "https" {
			t.Errorf("the login went to %s", r.URL)
		}
	}
}

// TestTagsThatCannotBeTags are shown in quotes, and are part of no address.
func TestTagsThatCannotBeTags(t *testing.T) {
	h := &hostile{attack: to("/tags/list", ok(`{"tags":["1.0","../../x","a b","\u001b[2J","`+strings.Repeat("x", 200)+`",""]}`))}
	c := h.client(t, "", registry.Limits{})
	all := expect.Value(c.List(t.Context(), at("")))(t)
	for _, l := range all {
		tag := l.Tags[0]
		if tagboat.ValidTag(tag) {
			continue
		}
		if !strings.HasPrefix(tag, `"`) || strings.ContainsAny(tag, "\x1b\n\r") || len(tag) > 100 {
			t.Errorf("%q", tag)
		}
		before := len(h.requests)
		if _, err := c.Resolve(t.Context(), at(tag)); tagboat.KindOf(err) != tagboat.Usage || len(h.requests) > before {
			t.Errorf("%q: %v", tag, err)
		}
	}
	if len(all) != 6 {
		t.Errorf("%d tags: %+v", len(all), all)
	}
}

// TestAnErrorWithoutAnEnd is read as far as it is of use.
func TestAnErrorWithoutAnEnd(t *testing.T) {
	h := &hostile{attack: to("/manifests/1.0", func() *http.Response {
		resp := streamed(endless{"<p>no</p>"})
		resp.StatusCode = http.StatusForbidden
		return resp
	})}
	_, err := h.client(t, "", registry.Limits{}).Resolve(t.Context(), at("1.0"))
	var e *tagboat.Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint, "docker login") || len(err.Error()) > 1500 {
		t.Errorf("%d bytes: %.300v", len(err.Error()), err)
	}
}

// TestABombInGzip unpacks to more than may be.
func TestABombInGzip(t *testing.T) {
	s := serve(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/manifests/") {
			return false
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = io.CopyN(z, endless{" "}, 8<<20)
		_ = z.Close()
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		_, _ = w.Write(packed.Bytes())
		return true
	})
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	c := expect.Value(registry.New(registry.Options{Limits: registry.Limits{Size: 1 << 20}}))(t)
	isLimit(t, expect.Err(c.Resolve(t.Context(), s.ref(t, "shop/api:1.0"))), "size")
}

// TestARegistryWithoutHEAD is read instead.
func TestARegistryWithoutHEAD(t *testing.T) {
	for name, resp := range map[string]*http.Response{
		"refuses":      answer(http.StatusMethodNotAllowed, ""),
		"says nothing": answer(http.StatusOK, ""),
		"another algorithm": answer(http.StatusOK, goodManifest, "Content-Type", "application/vnd.oci.image.manifest.v1+json",
			"Docker-Content-Digest", "sha512:"+strings.Repeat("0a", 64)),
	} {
		h := &hostile{attack: func(r *http.Request) *http.Response {
			if r.Method == http.MethodHead {
				return resp
			}
			return nil
		}}
		digest, err := h.client(t, "", registry.Limits{}).Digest(t.Context(), at("1.0"))
		if string(digest) != sum(goodManifest) || err != nil {
			t.Errorf("%s: %s, %v", name, digest, err)
		}
	}
}

// TestSignaturesAreReadWhole has a signature beside an image, whose payload is another one
// than its digest says.
func TestSignaturesAreReadWhole(t *testing.T) {
	payload := `{"critical":{}}`
	beside := fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},`+
		`"layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","digest":"%s","size":%d,"annotations":{"dev.cosignproject.cosign/signature":"eA=="}}]}`,
		sum(goodConfig), len(goodConfig), sum(payload), len(payload))
	version := tagboat.Reference{Host: registryHost, Repository: "shop/api", Digest: tagboat.Digest(sum(goodManifest))}
	for given, fine := range map[string]bool{payload: true, payload + " ": false, `{"critical":1 }`: false, "": false} {
		h := &hostile{attack: func(r *http.Request) *http.Response {
			switch {
			case strings.HasSuffix(r.URL.Path, "/manifests/sha256-"+version.Digest.Hex()+".sig"):
				return answer(http.StatusOK, beside, "Content-Type", "application/vnd.oci.image.manifest.v1+json")
			case strings.HasSuffix(r.URL.Path, "/blobs/"+sum(payload)):
				return answer(http.StatusOK, given)
			}
			return nil
		}}
		all, err := h.client(t, "", registry.Limits{}).Signatures(t.Context(), version)
		if fine != (err == nil) || fine != (len(all) == 1) {
			t.Errorf("%q: %+v, %v", given, all, err)
		}
	}
}

// TestWhatAVersionSaysIsBounded has an image and an index that say too much of themselves.
func TestWhatAVersionSaysIsBounded(t *testing.T) {
	for text, want := range map[string]string{
		"0f9e8d7c6b5a": "0f9e8d7c6b5a", "v1.2.3-14-gabc1234": "v1.2.3-14-gabc1234", "release/1.2": "release/1.2",
		"\\u001b[2J": "", "::error::x": "", "a b": "", strings.Repeat("a", 129): "",
	} {
		config := strings.Replace(goodConfig, `"team":"shop"`, `"org.opencontainers.image.revision":"`+text+`"`, 1)
		h := &hostile{attack: func(r *http.Request) *http.Response {
			switch {
			case strings.HasSuffix(r.URL.Path, "/manifests/1.0"):
				return answer(http.StatusOK, manifestOf(config, int64(len(config))))
			case strings.Contains(r.URL.Path, "/blobs/"):
				return answer(http.StatusOK, config)
			}
			return nil
		}}
		v, err := h.client(t, "", registry.Limits{}).Resolve(t.Context(), at("1.0"))
		if err != nil || v.Revision != want {
			t.Errorf("%q: %q, %v", text, v.Revision, err)
		}
	}
	entry := goodIndex[strings.Index(goodIndex, `[{`)+1 : strings.Index(goodIndex, `}]`)+1]
	many := strings.Replace(goodIndex, entry, strings.Repeat(entry+",", 200)+entry, 1)
	h := &hostile{attack: to("/manifests/2.0", ok(many))}
	v, err := h.client(t, "", registry.Limits{}).Resolve(t.Context(), at("2.0"))
	if err != nil || v.Artifact != "is an index of 201 images, and no more than 200 are looked at" || len(v.Platforms) > 0 {
		t.Errorf("%.200q, %v", v.Artifact, err)
	}
}
