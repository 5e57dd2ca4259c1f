package registry_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/registry"
)

// fuzzed is a client of a hostile registry with small limits.
func fuzzed(t *testing.T, h *hostile) *registry.Client {
	t.Helper()
	c := expect.Value(registry.New(registry.Options{
		Transport: h, Limits: registry.Limits{Size: 64 << 10, Tags: 200, Redirects: 3},
		Credentials: &users{known: map[string][2]string{registryHost: {"bob", "hunter2"}}},
	}))(t)
	return c
}

// checkRequests holds what must be so whatever a registry answers: few requests, none in
// the clear, and no login to another host but the one that the registry names for that.
func (h *hostile) checkRequests(t *testing.T, most int, realm string) {
	t.Helper()
	if len(h.requests) > most {
		t.Errorf("%d requests", len(h.requests))
	}
	for _, r := range h.requests {
		expect.EqualIn(t, "it asked", "https", r.URL.Scheme)
		if login := r.Header.Get("Authorization"); strings.HasPrefix(login, "Basic") && r.URL.Host != registryHost && !strings.Contains(realm, r.URL.Host) {
			t.Errorf("the login went to %s", r.URL)
		}
	}
}

var platformForm = regexp.MustCompile(`^(unknown|[A-Za-z0-9._+-]+/[A-Za-z0-9._+-]+(/[A-Za-z0-9._+-]+)?)$`)

func checkVersion(t *testing.T, v registry.Version) {
	t.Helper()
	if strings.ContainsFunc(v.Artifact, unicode.IsControl) || len(v.Artifact) > 400 {
		t.Errorf("%q", v.Artifact)
	}
	for _, p := range v.Platforms {
		if !platformForm.MatchString(p) {
			t.Errorf("platform %q", p)
		}
	}
	if _, err := tagboat.ParseDigest(string(v.Reference.Digest)); err != nil {
		t.Error(err)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add(goodManifest, "application/vnd.oci.image.manifest.v1+json")
	f.Add(goodIndex, "application/vnd.oci.image.index.v1+json; charset=utf-8")
	files, err := filepath.Glob("testdata/noimage/*.json")
	if err != nil || files == nil {
		f.Fatal(err)
	}
	for _, file := range files {
		content := expect.Value(os.ReadFile(file))(f)
		_, manifest, _ := strings.Cut(string(content), "\n")
		f.Add(manifest, "")
	}
	f.Fuzz(func(t *testing.T, manifest, contentType string) {
		h := &hostile{attack: to("/manifests/1.0", ok(manifest, "Content-Type", contentType))}
		v, err := fuzzed(t, h).Resolve(t.Context(), at("1.0"))
		if err == nil {
			checkVersion(t, v)
			if v.Artifact == "" && v.Labels["team"] != "shop" {
				t.Errorf("an image without the config that it names: %+v", v)
			}
		}
		h.checkRequests(t, 8, "")
	})
}

func FuzzConfig(f *testing.F) {
	f.Add(goodConfig, "")
	f.Add(goodConfig, " ")
	f.Add("null", "")
	f.Add(`{"created":"not a time","os":"\u001b"}`, "")
	f.Fuzz(func(t *testing.T, config, instead string) {
		served := config
		if instead != "" {
			served = instead
		}
		manifest := manifestOf(config, int64(len(config)))
		h := &hostile{attack: func(r *http.Request) *http.Response {
			switch {
			case strings.HasSuffix(r.URL.Path, "/manifests/1.0"):
				return answer(http.StatusOK, manifest, "Content-Type", "application/vnd.oci.image.manifest.v1+json")
			case strings.Contains(r.URL.Path, "/blobs/"):
				return answer(http.StatusOK, served)
			}
			return nil
		}}
		v, err := fuzzed(t, h).Resolve(t.Context(), at("1.0"))
		if err == nil {
			checkVersion(t, v)
			if served != config {
				t.Errorf("other bytes passed for a config: %+v", v)
			}
		}
		h.checkRequests(t, 4, "")
	})
}

// FuzzTags has lists of tags and where they go on.
func FuzzTags(f *testing.F) {
	f.Add(`{"tags":["1.0","a b","../x"]}`, `</v2/shop/api/tags/list?last=1.0>; rel="next"`)
	f.Add(`{"tags":null}`, `<https://evil.example/v2/>; rel="next"`)
	f.Add(`[]`, `<`)
	f.Add(`{"tags":["x"]}`, `<http://registry.example/v2/shop/api/tags/list>`)
	f.Fuzz(func(t *testing.T, body, link string) {
		h := &hostile{attack: to("/tags/list", ok(body, "Link", link))}
		all, err := fuzzed(t, h).List(t.Context(), at(""))
		if err != nil && all != nil {
			t.Error("a list that is not whole")
		}
		for _, l := range all {
			if tag := l.Tags[0]; !tagboat.ValidTag(tag) && (!strings.HasPrefix(tag, `"`) || strings.ContainsFunc(tag, unicode.IsControl)) {
				t.Errorf("%q", tag)
			}
		}
		h.checkRequests(t, 40, "")
	})
}

// FuzzLogin has what a registry says of how to log in, and the answer of whoever it names.
func FuzzLogin(f *testing.F) {
	f.Add(`Bearer realm="https://auth.example/token",service="x",scope="repository:shop/api:pull"`, `{"token":"abc"}`)
	f.Add(`Basic realm="x"`, "")
	f.Add(`Bearer realm="http://auth.example/token"`, `{"token":"abc"}`)
	f.Add(`Bearer realm="http://169.254.169.254/latest/meta-data"`, "")
	f.Add(`Bearer realm="https://127.0.0.1/token"`, `{"token":"abc"}`)
	f.Add(`Bearer`, "{")
	f.Fuzz(func(t *testing.T, challenge, token string) {
		h := &hostile{}
		h.attack = func(r *http.Request) *http.Response {
			if r.URL.Host != registryHost {
				return answer(http.StatusOK, token)
			}
			if r.Header.Get("Authorization") == "" {
				return answer(http.StatusUnauthorized, "", "WWW-Authenticate", challenge)
			}
			return nil
		}
		_, err := fuzzed(t, h).Resolve(t.Context(), at("1.0"))
		if err != nil && strings.Contains(err.Error(), "hunter2") && !strings.Contains(challenge+token, "hunter2") {
			t.Error("the password is in the error")
		}
		h.checkRequests(t, 12, challenge)
	})
}
