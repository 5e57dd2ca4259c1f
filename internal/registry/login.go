package registry

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/wait"
)

// Credentials knows how to log in to registries.
type Credentials interface {
	// For returns the user and password for a registry's host, or false where it has
	// none; docker's configuration is then asked, and else the registry without.
	For(ctx context.Context, host string) (user, password string, ok bool, err error)
}

// authFor returns the login for a registry; the zero value stands for none.
func authFor(ctx context.Context, c Credentials, r authn.Resource) (authn.AuthConfig, error) {
	if c != nil {
		user, password, ok, err := c.For(ctx, r.RegistryStr())
		if ok || err != nil {
			return authn.AuthConfig{Username: user, Password: password}, err
		}
	}
	docker, err := authn.Resolve(ctx, authn.DefaultKeychain, r)
	if err != nil {
		return authn.AuthConfig{}, fmt.Errorf("reading docker's credentials for %s: %w", r.RegistryStr(), err)
	}
	auth, err := authn.Authorization(ctx, docker)
	if err != nil {
		return authn.AuthConfig{}, fmt.Errorf("reading docker's credentials for %s: %w", r.RegistryStr(), err)
	}
	return *auth, nil
}

// keychain shows Credentials, and docker's configuration behind them, to
// go-containerregistry.
type keychain struct{ credentials Credentials }

var (
	_ authn.Keychain        = keychain{}
	_ authn.ContextKeychain = keychain{}
)

func (k keychain) Resolve(r authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), r)
}

func (k keychain) ResolveContext(ctx context.Context, r authn.Resource) (authn.Authenticator, error) {
	l := &login{credentials: k.credentials, registry: r}
	auth, err := l.AuthorizationContext(ctx)
	if err != nil {
		return nil, err
	}
	if *auth == (authn.AuthConfig{}) {
		return authn.Anonymous, nil
	}
	return l, nil
}

// freshFor is how long a login is used before it is asked for again: ECR's tokens end
// after twelve hours, and asking docker's configuration may start a program.
const freshFor = 10 * time.Minute

// login is the login to one registry.
type login struct {
	credentials Credentials
	registry    authn.Resource

	mu    sync.Mutex
	auth  authn.AuthConfig
	until time.Time
}

var (
	_ authn.Authenticator        = (*login)(nil)
	_ authn.ContextAuthenticator = (*login)(nil)
)

func (l *login) Authorization() (*authn.AuthConfig, error) {
	return l.AuthorizationContext(context.Background())
}

func (l *login) AuthorizationContext(ctx context.Context) (*authn.AuthConfig, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().After(l.until) {
		auth, err := authFor(ctx, l.credentials, l.registry)
		if err != nil {
			return nil, err
		}
		l.auth, l.until = auth, time.Now().Add(freshFor)
	}
	auth := l.auth
	return &auth, nil
}

// Keychain are the credentials of who has a way into Amazon ECR; it has none for other
// registries, which leaves them to docker's configuration.
type Keychain struct {
	// ECR returns the login for an account's private registry in a region.
	ECR func(ctx context.Context, account, region string) (user, password string, err error)
}

var _ Credentials = Keychain{}

// For implements Credentials.
func (k Keychain) For(ctx context.Context, host string) (user, password string, ok bool, err error) {
	account, region, isECR := tagboat.ParseECRHost(host)
	if !isECR || k.ECR == nil {
		return "", "", false, nil
	}
	user, password, err = k.ECR(ctx, account, region)
	return user, password, err == nil, err
}

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
