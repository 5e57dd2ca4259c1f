package registry

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
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
	account, region, isECR := ParseECRHost(host)
	if !isECR || k.ECR == nil {
		return "", "", false, nil
	}
	user, password, err = k.ECR(ctx, account, region)
	return user, password, err == nil, err
}

// ecrHost has the forms of AWS's endpoints for private registries, with FIPS, China and
// dual stack.
// https://docs.aws.amazon.com/general/latest/gr/ecr.html
var ecrHost = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9]{12})\.dkr(?:[.-]ecr|[.-]ecr-fips)\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)$`)
})

// ParseECRHost returns the account and the region of a private registry of Amazon ECR,
// and false where host is something else.
func ParseECRHost(host string) (account, region string, ok bool) {
	m := ecrHost().FindStringSubmatch(host)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}
