// Package wiretest puts one of the sandbox's services on a loopback port, so that the
// service's own tests can drive it by an AWS SDK, as users do, without the rest of
// the sandbox.
package wiretest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Account and Region are what tests use where any will do. Account serves as the
// access key too, since Serve takes the account from the key.
const (
	Account = "111111111111"
	Region  = "eu-west-1"
)

// Serve serves s until the test ends and returns its URL. The caller of a request is
// the user "tester" in the account whose number is the access key id, in the region
// that the request was signed for. Signatures are not checked.
func Serve(t testing.TB, s wire.Service) string {
	server := httptest.NewServer(handler{t, s})
	t.Cleanup(server.Close)
	return server.URL
}

type handler struct {
	t testing.TB
	s wire.Service
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, err := h.read(r)
	if err != nil {
		h.t.Errorf("reading a request: %v", err)
		return
	}
	operation, ok := h.s.Operations[request.Operation]
	if !ok {
		h.s.Failure("request", h.s.UnknownOperation(request.Operation)).Send(w)
		return
	}
	out, err := operation(r.Context(), request)
	if err != nil {
		h.s.Failure("request", err).Send(w)
		return
	}
	h.s.Success("request", request.Operation, out).Send(w)
}

func (h handler) read(r *http.Request) (*wire.Request, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	request := &wire.Request{Caller: callerOf(r), Host: r.Host}
	if h.s.Protocol == wire.Query {
		request.Form, err = url.ParseQuery(string(body))
		request.Operation = request.Form.Get("Action")
		return request, err
	}
	request.JSON = body
	request.Operation = strings.TrimPrefix(r.Header.Get("X-Amz-Target"), h.s.Target)
	return request, nil
}

var credential = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`Credential=([^/]+)/[^/]+/([^/]+)/`) })

func callerOf(r *http.Request) wire.Caller {
	var c wire.Caller
	if m := credential().FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		c.Account, c.Region, c.AccessKey = m[1], m[2], m[1]
	}
	c.ARN = "arn:aws:iam::" + c.Account + ":user/tester"
	return c
}
