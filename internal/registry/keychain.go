package registry

import "context"

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
