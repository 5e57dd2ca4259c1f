// Package registry looks at images in any OCI registry: which digest a tag stands for,
// what the image says of itself, whether it is still there. It speaks through
// go-containerregistry, with credentials of its caller's.
package registry

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cache"
)

// Options are what a Client needs from outside. The zero value reads public images.
type Options struct {
	Transport   http.RoundTripper // nil stands for a transport like net/http's default
	Credentials Credentials       // nil leaves all to docker's configuration
	UserAgent   string
	Limits      Limits // what a registry may make the client do
	// Cache is a directory to keep in between runs what versions consist of; "" keeps nothing.
	Cache string
}

// Client reads and writes registries. It is safe for concurrent use, and
// keeps what it negotiated with each repository.
type Client struct {
	puller *remote.Puller
	pusher *remote.Pusher
	cache  versionCache
	limits Limits
}

// attempts is how often a request is made whose answers are errors of the server or
// broken connections. Of a registry that fails three times in ten, one request in five
// thousand fails for good.
const attempts = 7

// New returns a client.
func New(o Options) (*Client, error) {
	limits := o.Limits.withDefaults()
	transport := &retryTransport{inner: plainTransport{inner: guard{cmp.Or(o.Transport, remote.DefaultTransport), limits}}}
	remotes := []remote.Option{
		remote.WithTransport(transport),
		remote.WithAuthFromKeychain(keychain{o.Credentials}),
		remote.WithUserAgent(o.UserAgent),
		remote.WithRetryBackoff(remote.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: attempts, Cap: 5 * time.Second}),
		remote.WithRetryStatusCodes(http.StatusRequestTimeout, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusGatewayTimeout),
	}
	puller, err := remote.NewPuller(remotes...)
	if err != nil {
		return nil, fmt.Errorf("preparing the registry client: %w", err)
	}
	pusher, err := remote.NewPusher(remotes...)
	if err != nil {
		return nil, fmt.Errorf("preparing the registry client: %w", err)
	}
	return &Client{puller: puller, pusher: pusher, cache: versionCache{cache.Dir(o.Cache)}, limits: limits}, nil
}

// refer turns ref into go-containerregistry's: by digest where there is one.
func refer(ref tagboat.Reference) (name.Reference, error) {
	repo, err := repositoryOf(ref)
	if err != nil {
		return nil, err
	}
	if ref.Digest != "" {
		return repo.Digest(string(ref.Digest)), nil
	}
	if ref.Tag == "" {
		return nil, tagboat.Usagef("%s names neither a tag nor a digest", ref)
	}
	if !tagboat.ValidTag(ref.Tag) { // it would be part of an address
		return nil, tagboat.Usagef("%s cannot be a tag", quoted(ref.Tag))
	}
	return repo.Tag(ref.Tag), nil
}

// repositoryOf returns the repository that ref lies in.
func repositoryOf(ref tagboat.Reference) (name.Repository, error) {
	repo, err := name.NewRepository(ref.Name(), options(ref.Host)...)
	if err != nil {
		return name.Repository{}, tagboat.Usagef("%q is not a repository: %w", ref.Name(), err)
	}
	return repo, nil
}

// options lets registries on this machine speak http, which they do without a word in
// docker's configuration too; all others must speak https.
func options(host string) []name.Option {
	if loopback(host) {
		return []name.Option{name.Insecure}
	}
	return nil
}

// Exists reports whether the registry has the image, by its digest if it has one, else by
// its tag. It is one HEAD request, after the first of each repository, which logs in.
func (c *Client) Exists(ctx context.Context, ref tagboat.Reference) (bool, error) {
	named, err := refer(ref)
	if err != nil {
		return false, err
	}
	return within(ctx, c.limits, ref.Host, func(ctx context.Context) (bool, error) {
		_, err := c.head(ctx, named)
		if isNotFound(err) {
			return false, nil
		}
		if err != nil {
			return false, wrapError("looking for", ref, err)
		}
		return true, nil
	})
}
