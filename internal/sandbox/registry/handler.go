package registry

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Handler serves the OCI distribution API, version 1.1, over a Store, for every path
// that begins with /v2/.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
type Handler struct{ store *Store }

// NewHandler returns a Handler over s.
func NewHandler(s *Store) *Handler { return &Handler{store: s} }

var _ http.Handler = (*Handler)(nil)

// call is one request, with what its URL and credentials mean.
type call struct {
	http.ResponseWriter
	*http.Request
	route
	store *Store
	scope wire.Scope
	id    RepositoryID // zero where the route has no repository
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	c := &call{ResponseWriter: w, Request: r, route: parseRoute(r.URL.Path), store: h.store, scope: requestScope(r)}
	if err := c.serve(); err != nil {
		c.fail(err)
	}
}

func (c *call) serve() error {
	if err := c.authorize(); err != nil {
		return err
	}
	if c.name != "" {
		if !ValidRepository(c.name) {
			return faultf(NameInvalid, "%q is not a repository name", c.name)
		}
		c.id = c.store.Locate(c.name, c.scope)
	}
	method := c.Method
	if method == http.MethodHead {
		method = http.MethodGet // net/http drops the body
	}
	serve, ok := c.methods()[method]
	switch {
	case ok:
		return serve()
	case c.endpoint == noEndpoint:
		return errNotFound
	default:
		return errMethod
	}
}

// methods returns what the request's resource can do.
func (c *call) methods() map[string]func() error {
	type m = map[string]func() error
	switch c.endpoint {
	case baseEndpoint:
		return m{"GET": c.base}
	case catalogEndpoint:
		return m{"GET": c.catalog}
	case tagsEndpoint:
		return m{"GET": c.listTags}
	case referrersEndpoint:
		return m{"GET": c.listReferrers}
	case manifestEndpoint:
		return m{"GET": c.getManifest, "PUT": c.putManifest, "DELETE": c.deleteManifest}
	case blobEndpoint:
		return m{"GET": c.getBlob, "DELETE": c.deleteBlob}
	case uploadsEndpoint:
		return m{"POST": c.startUpload}
	case uploadEndpoint:
		return m{"GET": c.uploadStatus, "PATCH": c.patchUpload, "PUT": c.finishUpload, "DELETE": c.cancelUpload}
	default:
		return nil
	}
}

// base answers the ping that clients begin with. The challenge beside the 200 makes
// those that look (skopeo, podman, buildah) send the credentials that they have,
// and asks nothing of the others.
func (c *call) base() error {
	c.challenge()
	c.ResponseWriter.Header().Set("Content-Type", "application/json")
	_, err := c.ResponseWriter.Write([]byte("{}"))
	return err
}

// endpoint is a kind of resource that the distribution API has a URL for.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
type endpoint int

const (
	noEndpoint endpoint = iota
	baseEndpoint
	catalogEndpoint
	tagsEndpoint
	manifestEndpoint
	blobEndpoint
	uploadsEndpoint
	uploadEndpoint
	referrersEndpoint
)

// route is what a path means. The name is not checked: it may be any string
// without an empty part at its end.
type route struct {
	endpoint  endpoint
	name      string // of the repository
	reference string // tag, digest or id of an upload
}

// parseRoute reads a path from its end, because a repository's name may have parts
// that look like those of the API.
func parseRoute(path string) route {
	rest, ok := strings.CutPrefix(path, "/v2/")
	switch {
	case path == "/v2" || ok && rest == "":
		return route{endpoint: baseEndpoint}
	case !ok:
		return route{}
	case rest == "_catalog":
		return route{endpoint: catalogEndpoint}
	}
	if name, ok := cutEnd(rest, "/tags/list"); ok {
		return route{tagsEndpoint, name, ""}
	}
	for _, suffix := range []string{"/blobs/uploads/", "/blobs/uploads"} {
		if name, ok := cutEnd(rest, suffix); ok {
			return route{uploadsEndpoint, name, ""}
		}
	}
	rest, reference := cutLast(rest)
	if reference == "" {
		return route{}
	}
	for _, kind := range []struct {
		suffix string
		endpoint
	}{
		{"/manifests", manifestEndpoint},
		{"/blobs/uploads", uploadEndpoint},
		{"/blobs", blobEndpoint},
		{"/referrers", referrersEndpoint},
	} {
		if name, ok := cutEnd(rest, kind.suffix); ok {
			return route{kind.endpoint, name, reference}
		}
	}
	return route{}
}

func cutEnd(s, suffix string) (string, bool) {
	name, ok := strings.CutSuffix(s, suffix)
	return name, ok && name != ""
}

func cutLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}

// Errors of the HTTP layer alone.
var (
	errNotFound = errors.New("no such resource")
	errMethod   = errors.New("the resource does not have this method")
	errQuery    = errors.New("a query parameter is malformed")
)

// ociError is an entry of the specification's error document.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
type ociError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Detail  any    `json:"detail,omitempty"`
}

// codes has status and code of each kind, as ECR's registry answers where that has
// been seen and as the specification has them elsewhere.
var codes = map[Kind]struct {
	status int
	code   string
}{
	NameInvalid:        {http.StatusBadRequest, "NAME_INVALID"},
	RepositoryUnknown:  {http.StatusNotFound, "NAME_UNKNOWN"},
	ManifestUnknown:    {http.StatusNotFound, "MANIFEST_UNKNOWN"},
	ManifestInvalid:    {http.StatusBadRequest, "MANIFEST_INVALID"},
	ManifestReferenced: {http.StatusForbidden, "DENIED"},
	LayersMissing:      {http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN"},
	ImagesMissing:      {http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN"},
	BlobUnknown:        {http.StatusNotFound, "BLOB_UNKNOWN"},
	DigestInvalid:      {http.StatusBadRequest, "DIGEST_INVALID"},
	TagInvalid:         {http.StatusBadRequest, "TAG_INVALID"},
	TagImmutable:       {http.StatusBadRequest, "TAG_INVALID"},
	TooManyTags:        {http.StatusForbidden, "DENIED"},
	UploadUnknown:      {http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN"},
	Unauthorized:       {http.StatusUnauthorized, "UNAUTHORIZED"},
	Denied:             {http.StatusForbidden, "DENIED"},
	RangeInvalid:       {http.StatusRequestedRangeNotSatisfiable, "BLOB_UPLOAD_INVALID"},
}

// fail answers err, if the answer has not begun.
func (c *call) fail(err error) {
	status, doc := http.StatusInternalServerError, ociError{Code: "UNKNOWN", Message: err.Error()}
	var e *Error
	switch {
	case errors.As(err, &e):
		status, doc.Code = codes[e.Kind].status, codes[e.Kind].code
		if len(e.Digests) > 0 {
			doc.Detail = e.Digests
		}
	case errors.Is(err, fs.ErrNotExist):
		status, doc.Code = http.StatusNotFound, "BLOB_UNKNOWN"
	case errors.Is(err, errNotFound):
		status, doc.Code = http.StatusNotFound, "UNSUPPORTED"
	case errors.Is(err, errMethod):
		status, doc.Code = http.StatusMethodNotAllowed, "UNSUPPORTED"
	case errors.Is(err, errQuery):
		status, doc.Code = http.StatusBadRequest, "UNSUPPORTED"
	}
	c.json(status, "application/json", map[string][]ociError{"errors": {doc}})
}

// json answers a document of ours, which always encodes.
func (c *call) json(status int, contentType string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	h := c.ResponseWriter.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	c.WriteHeader(status)
	_, _ = c.ResponseWriter.Write(data) // only a client that is gone makes it fail
}

// token is what an ECR password says of itself.
type token struct {
	Account    string `json:"account"`
	Region     string `json:"region"`
	Expiration int64  `json:"expiration"` // seconds since the epoch
}

// Password returns the password of ECR's authorization token for a scope: the user
// is AWS. It is not a secret: it says which account and region its bearer means.
func Password(scope wire.Scope, expires time.Time) string {
	data, err := json.Marshal(token{scope.Account, scope.Region, expires.Unix()})
	if err != nil {
		panic(err) // strings and an integer always encode
	}
	return base64.StdEncoding.EncodeToString(data)
}

// BlobPath returns the path and query at which a Handler serves a blob of exactly
// that repository to any client, with or without credentials.
func BlobPath(id RepositoryID, d Digest) string {
	q := url.Values{"account": {id.Account}, "region": {id.Region}}
	return "/v2/" + id.Name + "/blobs/" + string(d) + "?" + q.Encode()
}

// requestScope returns the scope that a request names: by its query, as BlobPath has
// it, by its host, or by an ECR password; zero where it names none.
func requestScope(r *http.Request) wire.Scope {
	if q := r.URL.Query(); q.Has("account") && q.Has("region") {
		return wire.Scope{Account: q.Get("account"), Region: q.Get("region")}
	}
	if scope := hostScope(r.Host); scope != (wire.Scope{}) {
		return scope
	}
	t, _ := tokenOf(r)
	return wire.Scope{Account: t.Account, Region: t.Region}
}

// tokenOf reads the ECR password that a request was sent with; ok is false where it has
// none.
func tokenOf(r *http.Request) (t token, ok bool) {
	user, password, sent := r.BasicAuth()
	data, err := base64.StdEncoding.DecodeString(password)
	if !sent || err != nil || json.Unmarshal(data, &t) != nil || t.Account == "" || t.Region == "" {
		return token{}, false
	}
	return t, user == "AWS"
}

// authorize refuses a request without a login where one is needed, and one whose login
// has ended. The address of a layer that ECR gave is a login by itself.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
func (c *call) authorize() error {
	if c.store.logins == nil || c.endpoint == blobEndpoint && c.Method == http.MethodGet && c.URL.Query().Has("account") {
		return nil
	}
	t, ok := tokenOf(c.Request)
	if !ok {
		c.challenge()
		return faultf(Unauthorized, "Not Authorized")
	}
	if !c.store.logins.Now().Before(time.Unix(t.Expiration, 0)) {
		return faultf(Denied, "Your authorization token has expired. Reauthenticate and try again.")
	}
	return nil
}

// challenge says how to log in.
func (c *call) challenge() {
	c.ResponseWriter.Header().Set("WWW-Authenticate", `Basic realm="http://`+c.Host+`/",service="ecr.amazonaws.com"`)
}

// LoginsEnd returns when a login that is given now ends, by whichever clock it is held to.
func (s *Store) LoginsEnd(after time.Duration) time.Time {
	if s.logins == nil {
		return s.clock.Now().Add(after)
	}
	return s.logins.Now().Add(after)
}
