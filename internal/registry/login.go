package registry

import (
	"context"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
)

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
