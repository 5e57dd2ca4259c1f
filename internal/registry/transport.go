package registry

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/operation"
)

// How long a registry that says "too many requests" is waited for.
const (
	firstWait   = time.Second      // where it does not say how long
	longestWait = 30 * time.Second // in one go
	wholeWait   = 2 * time.Minute  // in all, for one request
)

// patient waits out 429 Too Many Requests, and 503 where it says for how long.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
type patient struct {
	inner http.RoundTripper
}

// RoundTrip implements http.RoundTripper. A request with a body goes out once, since
// its body is gone.
func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	var waited time.Duration
	for backoff := firstWait; ; backoff *= 2 {
		resp, err := p.inner.RoundTrip(r)
		if err != nil || r.Body != nil && r.Body != http.NoBody {
			return resp, err
		}
		wait, ok := retryAfter(resp, backoff)
		if !ok || waited+wait > wholeWait {
			return resp, nil
		}
		drain(resp)
		if wait >= firstWait { // else nobody would notice
			operation.Tell(r.Context(), Waiting{r.URL.Host, wait})
		}
		if err := sleep(r, wait); err != nil {
			return nil, err
		}
		waited += wait
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
// stands. A date counts from the registry's own clock.
func retryAfter(resp *http.Response, otherwise time.Duration) (time.Duration, bool) {
	header := resp.Header.Get("Retry-After")
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
	case resp.StatusCode == http.StatusServiceUnavailable && header != "":
	default:
		return 0, false
	}
	wait := otherwise
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(max(seconds, 0)) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		if now, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			wait = max(at.Sub(now), 0)
		}
	}
	return min(wait, longestWait), true
}

func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
	_ = resp.Body.Close()
}

func sleep(r *http.Request, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.Context().Done():
		return fmt.Errorf("waiting for %s, which has too many requests: %w", r.URL.Host, context.Cause(r.Context()))
	}
}

// plain speaks http with registries on this machine at once, where go-containerregistry
// would try https first.
type plain struct {
	inner http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (p plain) RoundTrip(r *http.Request) (*http.Response, error) {
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
