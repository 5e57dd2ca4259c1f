// Package cloud is Tagboat's way to AWS, and the only package that imports the AWS SDK.
// It finds the credentials, assumes roles, keeps to AWS's rates, tries again what may be
// tried again, counts every request, and turns AWS's answers into the plain values of
// package ecs and its errors into ones that say what to do.
//
// Everything about the account comes from the SDK's standard chain (AWS_PROFILE,
// AWS_REGION, AWS_ENDPOINT_URL, the instance's role, …) and from nowhere else.
package cloud

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cache"
	"github.com/tagboat/tagboat/internal/cloud/pace"
)

// Options configure a Cloud beside the standard chain.
type Options struct {
	UserAgent string // name, or name/version, added to what the SDK says of itself
	// Cache is a directory to keep task definitions in between runs; "" keeps none.
	Cache string
	// SessionName is what sessions of roles are called, as far as AWS takes it; "" names
	// them after the caller.
	SessionName string
	// Role is the ARN of a role that everything is done as, in a session with that name: other roles
	// are assumed from there. "" is for the chain's own credentials.
	Role string
	// Transport carries the requests; nil means the SDK's own.
	Transport http.RoundTripper
}

// Cloud reaches AWS. It is safe for concurrent use.
type Cloud struct {
	config aws.Config
	pacer  *pace.Pacer
	cache  string
	world  world

	profile     string // that AWS_PROFILE chooses
	sessionName string
	asking      chan struct{}          // held by who asks AWS who the caller is
	us          atomic.Pointer[caller] // by the caller's own credentials; nil while it is not known

	mu       sync.Mutex
	sessions map[Place]*Session
	own      string // account of the caller's own credentials; "" while it is not known
	tried    bool   // AWS was asked for it once
}

// New reads the standard chain. It makes no call to AWS. A configuration that cannot be
// read is an error of kind Usage.
func New(ctx context.Context, o Options) (*Cloud, error) {
	c := &Cloud{sessions: map[Place]*Session{}, cache: o.Cache, asking: make(chan struct{}, 1)}
	if o.SessionName != "" {
		c.sessionName = cleanSessionName(o.SessionName)
	}
	c.pacer = pace.New(paceStore{dir: cache.Dir(o.Cache), world: c.world.String})
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(newRetryer),
		config.WithAPIOptions([]func(*middleware.Stack) error{addCounting, userAgent(o.UserAgent)}),
	}
	if o.Transport != nil {
		options = append(options, config.WithHTTPClient(&http.Client{Transport: o.Transport}))
	}
	options = append(options, config.WithLogger(logging.Nop{})) // else it writes to standard error by itself
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	var profile config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &profile):
		return nil, tagboat.Usagef("AWS profile %q does not exist", profile.Profile).
			WithHint("aws configure list-profiles shows those that do; AWS_PROFILE chooses one")
	case err != nil:
		return nil, tagboat.Usagef("reading the AWS configuration: %w", err)
	}
	cfg.HTTPClient = keepBodies(cfg.HTTPClient)
	if o.Role != "" {
		cfg.Credentials = c.assume(sts.NewFromConfig(cfg), o.Role, &c.us)
	}
	c.config, c.profile = cfg, profileOf(cfg)
	return c, nil
}

func userAgent(s string) func(*middleware.Stack) error {
	name, version, ok := strings.Cut(s, "/")
	if ok {
		return awsmiddleware.AddUserAgentKeyValue(name, version)
	}
	if name == "" {
		name = "tagboat"
	}
	return awsmiddleware.AddUserAgentKey(name)
}

// EndpointHost returns the host and port that AWS_ENDPOINT_URL sends every call to, or
// "" where calls go to AWS itself.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (c *Cloud) EndpointHost() string {
	endpoint, err := url.Parse(aws.ToString(c.config.BaseEndpoint))
	if err != nil {
		return ""
	}
	return endpoint.Host
}
