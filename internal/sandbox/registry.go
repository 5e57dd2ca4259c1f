package sandbox

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// serveRegistry hands a request to the registry. Its callers are not told apart: they
// count for the default account.
func (s *Server) serveRegistry(w http.ResponseWriter, r *http.Request) {
	s.carry(w, r, exchange{
		operation: registryOperation(r.Method, r.URL.Path),
		scope:     s.config.scope(),
		reads:     r.Method == http.MethodGet || r.Method == http.MethodHead,
		throttled: &wire.Error{Code: "TOOMANYREQUESTS", Message: "Rate exceeded", Status: http.StatusTooManyRequests},
		perform:   func(w http.ResponseWriter, _ time.Duration) { s.registry.ServeHTTP(w, r) },
		refuse:    refuseRegistry,
	})
}

// registryOperation names a request by its method and by what of the registry it is
// about, such as "registry.PUT manifests".
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
func registryOperation(method, path string) string {
	parts := strings.Split(path, "/")
	kind, last := parts[max(0, len(parts)-2)], parts[len(parts)-1]
	if kind == "blobs" && last == "uploads" {
		kind = last
	}
	switch kind {
	case "manifests", "blobs", "uploads", "tags", "referrers":
		return "registry." + method + " " + kind
	default: // the ping, the catalog
		return "registry." + method
	}
}

// refuseRegistry answers an error in the form that the distribution API gives it.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
func refuseRegistry(w http.ResponseWriter, err error) {
	var e *wire.Error
	if !errors.As(err, &e) {
		e = &wire.Error{Code: "UNKNOWN", Message: err.Error(), Status: http.StatusInternalServerError}
	}
	writeJSON(w, e.Status, map[string]any{"errors": []map[string]string{{"code": e.Code, "message": e.Message}}})
}
