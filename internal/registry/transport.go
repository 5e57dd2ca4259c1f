package registry

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/wait"
)

// How long a registry that says "too many requests" is waited for.
const (
	firstWait   = time.Second      // where it does not say how long
	longestWait = 30 * time.Second // in one go
	wholeWait   = 2 * time.Minute  // in all, for one request
)

// retryTransport waits out 429 Too Many Requests, and 503 where it says for how long.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
type retryTransport struct {
	inner http.RoundTripper
}

// RoundTrip implements http.RoundTripper. A request with a body goes out once, since
// its body is gone.
func (p *retryTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	var waited time.Duration
	for backoff := firstWait; ; backoff *= 2 {
		resp, err := p.inner.RoundTrip(r)
		if err != nil || r.Body != nil && r.Body != http.NoBody {
			return resp, err
		}
		asked, ok := retryAfter(resp, backoff)
		if !ok || waited+asked > wholeWait {
			return resp, nil
		}
		drain(resp)
		if asked >= firstWait { // else nobody would notice
			operation.Tell(r.Context(), Waiting{r.URL.Host, asked})
		}
		if err := wait.For(r.Context(), asked); err != nil {
			return nil, fmt.Errorf("waiting for %s, which has too many requests: %w", r.URL.Host, err)
		}
		waited += asked
	}
}

// Waiting says that a registry has to be waited for.
type Waiting struct {
	Registry string
	For      time.Duration
}

// String implements operation.Event.
func (w Waiting) String() string {
	return fmt.Sprintf("registry %s has too many requests; asking again in %s", w.Registry, w.For)
}

// retryAfter returns how long to wait before asking again, and false where the answer
// stands.
func retryAfter(resp *http.Response, otherwise time.Duration) (time.Duration, bool) {
	asks := resp.Header.Get("Retry-After") != ""
	if resp.StatusCode != http.StatusTooManyRequests && (resp.StatusCode != http.StatusServiceUnavailable || !asks) {
		return 0, false
	}
	if asked, ok := wait.Asked(resp.Header, longestWait); ok {
		return asked, true
	}
	return min(otherwise, longestWait), true
}

func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
	_ = resp.Body.Close()
}

// plainTransport speaks http with registries on this machine at once, where go-containerregistry
// would try https first.
type plainTransport struct {
	inner http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (p plainTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" && loopback(r.URL.Host) {
		r = r.Clone(r.Context())
		r.URL.Scheme = "http"
	}
	return p.inner.RoundTrip(r)
}

func loopback(host string) bool {
	if bare, _, err := net.SplitHostPort(host); err == nil {
		host = bare
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
