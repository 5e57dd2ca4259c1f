package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/iam"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// maxBody is more than the largest request of any service here: a manifest of 4 MiB.
const maxBody = 16 << 20

// apiCall is a request once it is clear what is meant; its service may have no such
// operation.
type apiCall struct {
	service   wire.Service
	operation string
	body      json.RawMessage
	form      url.Values // in the query protocol
}

func (c apiCall) name() string { return c.service.Name + "." + c.operation }

// recognise finds service and operation: by X-Amz-Target in the JSON protocols, by
// Version and Action in the query protocol, by the path in Smithy's RPC v2. What no service of the sandbox claims
// belongs to a service without operations, so that the answer has the right form.
func (s *Server) recognise(r *http.Request, c credential) (apiCall, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return apiCall{service: stranger(c, wire.JSON11)}, bodyError(err)
	}
	if r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" {
		return s.recogniseRPC(r.URL.Path, body, c)
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return s.recogniseJSON(target, body, c), nil
	}
	form := r.URL.Query()
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		if form, err = url.ParseQuery(string(body)); err != nil {
			return apiCall{service: stranger(c, wire.Query)}, wire.Errorf("MalformedQueryString", "%v", err)
		}
	}
	return s.recogniseQuery(r, form, c), nil
}

func bodyError(err error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &wire.Error{Code: "RequestEntityTooLarge", Message: "the request is too large", Status: http.StatusRequestEntityTooLarge}
	}
	return wire.Errorf("RequestTimeoutException", "reading the request: %v", err)
}

// recogniseRPC reads a path of the form /service/NAME/operation/NAME.
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html#requests
func (s *Server) recogniseRPC(path string, body []byte, c credential) (apiCall, error) {
	call := apiCall{service: stranger(c, wire.CBOR), operation: path}
	parts := strings.Split(path, "/")
	if n := len(parts); n >= 4 && parts[n-2] == "operation" && parts[n-4] == "service" {
		call.operation = parts[n-1]
		for _, service := range s.services {
			if service.Protocol == wire.CBOR && service.Target == parts[n-3]+"." {
				call.service = service
			}
		}
	}
	var err error
	call.body, err = wire.CBORToJSON(body)
	return call, err
}

func (s *Server) recogniseJSON(target string, body []byte, c credential) apiCall {
	for _, service := range s.services {
		if operation, ok := strings.CutPrefix(target, service.Target); ok && service.Target != "" {
			if service.Protocol == wire.CBOR { // it speaks JSON to those who do
				service.Protocol = wire.JSON10
			}
			return apiCall{service: service, operation: operation, body: body}
		}
	}
	operation := target[strings.LastIndex(target, ".")+1:]
	return apiCall{service: stranger(c, wire.JSON11), operation: operation, body: body}
}

func (s *Server) recogniseQuery(r *http.Request, form url.Values, c credential) apiCall {
	operation, version := form.Get("Action"), form.Get("Version")
	if operation == "" { // a service of another protocol: its path is all there is to name
		return apiCall{service: stranger(c, wire.JSON11), operation: r.Method + " " + r.URL.Path}
	}
	for _, service := range s.services {
		if service.Version == version && version != "" {
			service.Protocol = wire.Query
			return apiCall{service: service, operation: operation, form: form}
		}
	}
	service := stranger(c, wire.Query)
	service.Version = version
	return apiCall{service: service, operation: operation, form: form}
}

// stranger is a service that the sandbox does not have.
func stranger(c credential, p wire.Protocol) wire.Service {
	name := c.service
	if name == "" {
		name = "unknown"
	}
	return wire.Service{Name: name, Protocol: p}
}

// serveAPI answers a call of an AWS API.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	requestID := wire.NewID()
	credential, signed := credentialOf(r, r.URL.Query())
	call, err := s.recognise(r, credential)
	if err != nil {
		call.service.Failure(requestID, err).Send(w)
		return
	}
	caller, err := s.caller(call.service, credential, signed)
	fail := func(w http.ResponseWriter, err error) { call.service.Failure(requestID, err).Send(w) }
	s.carry(w, r, exchange{
		operation: call.name(),
		scope:     caller.Scope,
		reads:     readsOnly(call.operation),
		throttled: call.service.Throttled(),
		refuse:    fail,
		perform: func(w http.ResponseWriter, age time.Duration) {
			if err != nil {
				fail(w, err)
				return
			}
			out, err := call.perform(wire.WithAge(r.Context(), age), s.iam, caller, r.Host)
			if err != nil {
				fail(w, err)
				return
			}
			call.service.Success(requestID, call.operation, out).Send(w)
		},
	})
}

func (c apiCall) perform(ctx context.Context, permissions *iam.Service, caller wire.Caller, host string) (any, error) {
	operation, ok := c.service.Operations[c.operation]
	if !ok {
		return nil, c.service.UnknownOperation(c.operation)
	}
	request := &wire.Request{
		Caller:    caller,
		Operation: c.operation,
		Host:      host,
		JSON:      c.body,
		Form:      c.form,
	}
	if permissions != nil {
		if err := permissions.Permit(c.service, request); err != nil {
			return nil, err
		}
	}
	return operation(ctx, request)
}

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
