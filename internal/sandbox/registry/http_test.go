package registry_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
)

// answer is what a test looks at of a response.
type answer struct {
	status int
	body   string
	http.Header
}

// do sends one request; headers are NAME: VALUE.
func (s *sut) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	request := expect.Value(http.NewRequest(method, s.url+path, strings.NewReader(body)))(s.t)
	for _, h := range headers {
		key, value, _ := strings.Cut(h, ": ")
		if request.Header.Set(key, value); key == "Host" {
			request.Host = value
		}
	}
	response := expect.Value(http.DefaultClient.Do(request))(s.t)
	defer response.Body.Close()
	data := expect.Value(io.ReadAll(response.Body))(s.t)
	return answer{response.StatusCode, string(data), response.Header}
}

func (s *sut) want(a answer, status int, code string) answer {
	s.t.Helper()
	var doc struct{ Errors []struct{ Code string } }
	got := ""
	if json.Unmarshal([]byte(a.body), &doc) == nil && len(doc.Errors) == 1 {
		got = doc.Errors[0].Code
	}
	if a.status != status || got != code {
		s.t.Fatalf("status %d code %q, want %d %q; body %s", a.status, got, status, code, a.body)
	}
	return a
}

func TestBase(t *testing.T) {
	s := newSUT(t, "")
	for _, path := range []string{"/v2/", "/v2"} {
		a := s.want(s.do("GET", path, ""), http.StatusOK, "")
		expect.EqualIn(t, "version", "registry/2.0", a.Get("Docker-Distribution-Api-Version"))
	}
	s.want(s.do("POST", "/v2/", ""), http.StatusMethodNotAllowed, "UNSUPPORTED")
	s.want(s.do("GET", "/v2/what", ""), http.StatusNotFound, "UNSUPPORTED")
	s.want(s.do("GET", "/v2/Bad/manifests/x", ""), http.StatusBadRequest, "NAME_INVALID")
	s.want(s.do("GET", "/v2/none/manifests/x", ""), http.StatusNotFound, "NAME_UNKNOWN")
	s.want(s.do("GET", "/v2/none/tags/list", ""), http.StatusNotFound, "NAME_UNKNOWN")
}

func TestChunkedUpload(t *testing.T) {
	s := newSUT(t, t.TempDir())
	digest := string(registry.DigestOf([]byte("hello, world")))
	at := s.want(s.do("POST", "/v2/app/blobs/uploads/", ""), http.StatusAccepted, "").Get("Location")
	a := s.want(s.do("PATCH", at, "hello", "Content-Range: 0-4"), http.StatusAccepted, "")
	if got := a.Get("Range"); got != "0-4" {
		t.Errorf("range %q after the first chunk", got)
	}
	a = s.do("PATCH", at, "hello", "Content-Range: 0-4")
	s.want(a, http.StatusRequestedRangeNotSatisfiable, "BLOB_UPLOAD_INVALID")
	if got := a.Get("Range"); got != "0-4" {
		t.Errorf("range %q after a chunk out of order", got)
	}
	s.want(s.do("PATCH", at, ", w", "Content-Range: 5-9"), http.StatusRequestedRangeNotSatisfiable, "BLOB_UPLOAD_INVALID")
	expect.EqualIn(t, "status says", "0-4", s.want(s.do("GET", at, ""), http.StatusNoContent, "").Get("Range"))
	s.want(s.do("PATCH", at, ", w"), http.StatusAccepted, "") // streamed
	a = s.want(s.do("PUT", at+"?digest="+digest, "orld", "Content-Range: 8-11"), http.StatusCreated, "")
	if got := s.do("GET", a.Get("Location"), ""); got.body != "hello, world" || got.Get("Docker-Content-Digest") != digest {
		t.Errorf("blob %q with digest %s", got.body, got.Get("Docker-Content-Digest"))
	}
	got := s.do("GET", a.Get("Location"), "", "Range: bytes=7-")
	if got.status != http.StatusPartialContent || got.body != "world" {
		t.Errorf("range gave %d %q", got.status, got.body)
	}
	if head := s.do("HEAD", a.Get("Location"), ""); head.status != http.StatusOK || head.Get("Content-Length") != "12" {
		t.Errorf("HEAD gave %d with length %s", head.status, head.Get("Content-Length"))
	}
	s.want(s.do("GET", at, ""), http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN")
	s.want(s.do("DELETE", a.Get("Location"), ""), http.StatusAccepted, "")
	s.want(s.do("GET", a.Get("Location"), ""), http.StatusNotFound, "BLOB_UNKNOWN")
}

func TestUploadEnds(t *testing.T) {
	digest := string(registry.DigestOf([]byte("right")))
	tests := map[string]func(s *sut, at string){
		"monolithic POST": func(s *sut, _ string) {
			s.want(s.do("POST", "/v2/app/blobs/uploads/?digest="+digest, "right"), http.StatusCreated, "")
		},
		"wrong digest": func(s *sut, at string) {
			s.want(s.do("PUT", at+"?digest="+digest, "wrong"), http.StatusBadRequest, "DIGEST_INVALID")
			s.want(s.do("GET", at, ""), http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN")
			s.want(s.do("GET", "/v2/app/blobs/"+digest, ""), http.StatusNotFound, "NAME_UNKNOWN")
		},
		"malformed digest": func(s *sut, at string) {
			s.want(s.do("PUT", at+"?digest=sha256:12", "right"), http.StatusBadRequest, "DIGEST_INVALID")
		},
		"cancelled": func(s *sut, at string) {
			s.want(s.do("DELETE", at, ""), http.StatusNoContent, "")
			s.want(s.do("PUT", at+"?digest="+digest, "right"), http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN")
		},
		"other repository": func(s *sut, at string) {
			s.want(s.do("PUT", strings.Replace(at, "/app/", "/other/", 1)+"?digest="+digest, "right"), http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN")
		},
		"mount of what is not there": func(s *sut, _ string) {
			s.want(s.do("POST", "/v2/app/blobs/uploads/?from=none&mount="+digest, ""), http.StatusAccepted, "")
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSUT(t, "")
			test(s, s.do("POST", "/v2/app/blobs/uploads/", "").Get("Location"))
		})
	}
}

const emptyJSON = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" // of {}

// artifact returns a manifest over the config {}.
func artifact(more string) string {
	return `{"schemaVersion":2,"mediaType":"` + registry.OCIManifest + `","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"` +
		emptyJSON + `","size":2},"layers":[]` + more + `}`
}

func TestPutManifestChecks(t *testing.T) {
	absent := "sha256:" + strings.Repeat("a", 64)
	tests := map[string]struct {
		reference, contentType, body string
		status                       int
		code                         string
	}{
		"fine":              {"v1", registry.OCIManifest, artifact(""), http.StatusCreated, ""},
		"no content type":   {"v1", "", artifact(""), http.StatusCreated, ""},
		"with parameters":   {"v1", registry.OCIManifest + "; charset=utf-8", artifact(""), http.StatusCreated, ""},
		"by its digest":     {string(registry.DigestOf([]byte(artifact("")))), registry.OCIManifest, artifact(""), http.StatusCreated, ""},
		"by another digest": {absent, registry.OCIManifest, artifact(""), http.StatusBadRequest, "DIGEST_INVALID"},
		"another type":      {"v1", registry.DockerManifest, artifact(""), http.StatusBadRequest, "MANIFEST_INVALID"},
		"not JSON":          {"v1", registry.OCIManifest, "what", http.StatusBadRequest, "MANIFEST_INVALID"},
		"unknown type":      {"v1", "text/plain", `{"schemaVersion":2}`, http.StatusBadRequest, "MANIFEST_INVALID"},
		"schema 1":          {"v1", registry.DockerManifest, `{"schemaVersion":1}`, http.StatusBadRequest, "MANIFEST_INVALID"},
		"two readings":      {"v1", registry.OCIManifest, artifact(`,"manifests":[]`), http.StatusBadRequest, "MANIFEST_INVALID"},
		"bad tag":           {"-v1", registry.OCIManifest, artifact(""), http.StatusBadRequest, "TAG_INVALID"},
		"too large":         {"v1", registry.OCIManifest, artifact(strings.Repeat(" ", registry.MaxManifest)), http.StatusBadRequest, "MANIFEST_INVALID"},
		"missing layer": {"v1", registry.OCIManifest, strings.Replace(artifact(""), `"layers":[`, `"layers":[{"digest":"`+absent+`","size":1}`, 1),
			http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN"},
		"foreign layer": {"v1", registry.OCIManifest, strings.Replace(artifact(""), `"layers":[`,
			`"layers":[{"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar","digest":"`+absent+`","size":1}`, 1), http.StatusCreated, ""},
		"missing child":   {"v1", registry.OCIIndex, `{"schemaVersion":2,"manifests":[{"digest":"` + absent + `"}]}`, http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN"},
		"missing subject": {"v1", registry.OCIManifest, artifact(`,"subject":{"digest":"` + absent + `"}`), http.StatusCreated, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSUT(t, "")
			s.want(s.do("POST", "/v2/app/blobs/uploads/?digest="+emptyJSON, "{}"), http.StatusCreated, "")
			s.want(s.do("PUT", "/v2/app/manifests/"+test.reference, test.body, "Content-Type: "+test.contentType), test.status, test.code)
			got := s.do("GET", "/v2/app/manifests/"+test.reference, "")
			if test.status == http.StatusCreated && got.body != test.body {
				t.Errorf("pulled %q, want %q", got.body, test.body)
			}
			if test.status != http.StatusCreated {
				s.want(got, http.StatusNotFound, "MANIFEST_UNKNOWN")
			}
		})
	}
}

func TestRefusedPushMakesNoRepository(t *testing.T) {
	s := newSUT(t, "")
	s.want(s.do("PUT", "/v2/app/manifests/v1", artifact("")), http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN")
	s.want(s.do("GET", "/v2/app/tags/list", ""), http.StatusNotFound, "NAME_UNKNOWN")
}

func TestReferrers(t *testing.T) {
	s := newSUT(t, "")
	s.want(s.do("POST", "/v2/app/blobs/uploads/?digest="+emptyJSON, "{}"), http.StatusCreated, "")
	s.want(s.do("PUT", "/v2/app/manifests/v1", artifact("")), http.StatusCreated, "")
	subject := string(registry.DigestOf([]byte(artifact(""))))
	var digests []string
	for _, kind := range []string{"text/sbom", "text/signature"} {
		body := artifact(`,"artifactType":"` + kind + `","annotations":{"kind":"` + kind + `"},"subject":{"digest":"` + subject + `"}`)
		digest := string(registry.DigestOf([]byte(body)))
		digests = append(digests, digest)
		a := s.want(s.do("PUT", "/v2/app/manifests/"+digest, body), http.StatusCreated, "")
		expect.EqualIn(t, "OCI-Subject", subject, a.Get("OCI-Subject"))
	}
	list := func(query string) []string {
		var index struct {
			Manifests []struct {
				Digest, ArtifactType string
				Annotations          map[string]string
			}
		}
		a := s.want(s.do("GET", "/v2/app/referrers/"+query, ""), http.StatusOK, "")
		if err := json.Unmarshal([]byte(a.body), &index); err != nil || a.Get("Content-Type") != registry.OCIIndex {
			t.Fatalf("%v in %s %s", err, a.Get("Content-Type"), a.body)
		}
		var got []string
		for _, m := range index.Manifests {
			if m.Annotations["kind"] != m.ArtifactType {
				t.Errorf("annotations %v of %s", m.Annotations, m.ArtifactType)
			}
			got = append(got, m.Digest)
		}
		return got
	}
	tests := map[string][]string{
		subject:                                digests,
		subject + "?artifactType=text/sbom":    digests[:1],
		subject + "?artifactType=text/nothing": nil,
		emptyJSON:                              nil,
	}
	for query, want := range tests {
		expect.EqualIn(t, query, want, list(query))
	}
	s.want(s.do("DELETE", "/v2/app/manifests/"+digests[0], ""), http.StatusAccepted, "")
	expect.EqualIn(t, "after a deletion", digests[1:], list(subject))
}
