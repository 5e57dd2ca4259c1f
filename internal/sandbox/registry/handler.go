package registry

import (
	"net/http"

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
	asked wire.Scope
	id    RepositoryID // zero where the route has no repository
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	c := &call{ResponseWriter: w, Request: r, route: parseRoute(r.URL.Path), store: h.store, asked: askedScope(r)}
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
		c.id = c.store.Locate(c.name, c.asked)
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
