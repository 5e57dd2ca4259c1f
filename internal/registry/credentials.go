package registry

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
)

// Credentials knows how to log in to registries.
type Credentials interface {
	// For returns the user and password for a registry's host, or false where it has
	// none and the registry is asked without.
	For(ctx context.Context, host string) (user, password string, ok bool, err error)
}

// Keychain are the credentials of a person or a build machine: the caller's own token
// for Amazon ECR, and for all others what docker login left behind.
type Keychain struct {
	// ECR returns the login for an account's private registry in a region; nil leaves
	// ECR to docker's configuration too.
	ECR func(ctx context.Context, account, region string) (user, password string, err error)
}

var _ Credentials = Keychain{}

// For implements Credentials.
func (k Keychain) For(ctx context.Context, host string) (user, password string, ok bool, err error) {
	if account, region, isECR := ParseECRHost(host); isECR && k.ECR != nil {
		user, password, err = k.ECR(ctx, account, region)
		return user, password, err == nil, err
	}
	auth, err := authn.Resolve(ctx, authn.DefaultKeychain, resource(host))
	if err != nil {
		return "", "", false, fmt.Errorf("reading docker's credentials for %s: %w", host, err)
	}
	if auth == authn.Anonymous {
		return "", "", false, nil
	}
	c, err := authn.Authorization(ctx, auth)
	if err != nil {
		return "", "", false, fmt.Errorf("reading docker's credentials for %s: %w", host, err)
	}
	if c.IdentityToken != "" {
		return tokenUser, c.IdentityToken, true, nil
	}
	return c.Username, c.Password, c.Username != "", nil
}

// tokenUser stands in docker's configuration for a login that is an OAuth2 refresh
// token and no password. https://distribution.github.io/distribution/spec/auth/oauth/
const tokenUser = "<token>"

type resource string

func (r resource) String() string      { return string(r) }
func (r resource) RegistryStr() string { return string(r) }
