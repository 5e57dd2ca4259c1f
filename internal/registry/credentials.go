package registry

import (
	"context"
	"fmt"

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
