// Package wiretest puts one of the sandbox's services on a loopback port, so that the
// service's own tests can drive it by an AWS SDK, as users do, without the rest of
// the sandbox.
package wiretest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

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

// Failure returns the code and the message of an AWS error as an SDK has it, "" for no
// error, and the text of any other.
func Failure(err error) string {
	var e interface {
		ErrorCode() string
		ErrorMessage() string
	}
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.ErrorCode() + ": " + e.ErrorMessage()
	default:
		return err.Error()
	}
}

// WantFailure fails the test unless err is an AWS error whose Failure begins with want,
// or no error where want is "".
func WantFailure(t testing.TB, err error, want string) {
	t.Helper()
	if got := Failure(err); want == "" && got != "" || !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Once is an AWS SDK's retryer that retries nothing that a service answers, so that a
// test sees each error at once. It asks again only where the SDK closed its own
// connection before it had read the whole answer, which happens now and then on a busy
// machine and says nothing about the service.
type Once struct{}

// IsErrorRetryable reports whether err is the SDK's own doing.
func (Once) IsErrorRetryable(err error) bool {
	return strings.Contains(err.Error(), "use of closed network connection")
}

// MaxAttempts bounds how often a call is made.
func (Once) MaxAttempts() int { return 5 }

// RetryDelay returns no delay.
func (Once) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

// GetRetryToken gives every retry.
func (Once) GetRetryToken(context.Context, error) (release func(error) error, err error) {
	return func(error) error { return nil }, nil
}

// GetInitialToken gives every call.
func (Once) GetInitialToken() (release func(error) error) {
	return func(error) error { return nil }
}
