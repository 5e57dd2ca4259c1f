package access

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
)

// Login is a login to a registry of ECR. Its password is a secret.
type Login struct {
	Registry string
	User     string
	Password string
	Expires  time.Time
}

// ErrNoLogin says that AWS has no login for a registry.
var ErrNoLogin = errors.New("it is not a private registry of Amazon ECR")

// LoginTo makes a login for a private registry of ECR from the caller's AWS credentials;
// nothing is kept. For other hosts the error wraps ErrNoLogin, and no call is made. The
// host that AWS_ENDPOINT_URL names counts as one of ECR, as the sandbox's. A transport of
// nil means that of net/http.
func LoginTo(ctx context.Context, host string, transport http.RoundTripper) (Login, error) {
	aws, err := cloud.New(ctx, cloud.Options{UserAgent: "tagboat", Transport: transport})
	if err != nil {
		return Login{}, err
	}
	_, region, isECR := tagboat.ParseECRHost(host)
	if !isECR && (host == "" || host != aws.EndpointHost()) {
		return Login{}, tagboat.Usagef("there is no login for %q: %w", host, ErrNoLogin).
			WithHint("docker login %s, whose logins Tagboat uses too", host)
	}
	user, password, expires, err := aws.At(cloud.Place{Region: region}).ECR().Authorization(ctx)
	if err != nil {
		return Login{}, err
	}
	return Login{Registry: host, User: user, Password: password, Expires: expires}, nil
}
