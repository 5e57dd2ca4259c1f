package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

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
