// Package registry looks at images in any OCI registry: which digest a tag stands for,
// what the image says of itself, whether it is still there. It speaks through
// go-containerregistry, with credentials of its caller's.
package registry

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	remotetransport "github.com/google/go-containerregistry/pkg/v1/remote/transport"

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
	puller    *remote.Puller
	pusher    *remote.Pusher
	documents *Documents
	cache     versionCache
	limits    Limits
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
	c := &Client{puller: puller, pusher: pusher, cache: versionCache{cache.Dir(o.Cache)}, limits: limits}
	c.documents = &Documents{client: c, transport: remotetransport.NewUserAgent(transport, o.UserAgent), keychain: keychain{o.Credentials}}
	return c, nil
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

// What a registry gives is read whole and hashed here before anybody looks at it.

// ErrDigest says that a registry gave other bytes than those of a digest. Whoever it was,
// a mirror, a cache or the registry itself, nothing of them counts.
var ErrDigest = errors.New("the bytes are not those of the digest")

// content is a manifest with the bytes that it was read from.
type content struct {
	manifest
	data   []byte
	digest v1.Hash // of data, computed here
}

// fetch reads a manifest. By digest, its bytes are those of the digest.
func (c *Client) fetch(ctx context.Context, ref name.Reference) (content, error) {
	got, err := c.puller.Get(ctx, ref)
	if err != nil {
		return content{}, err
	}
	algorithm := "sha256"
	wanted, byDigest := ref.(name.Digest)
	if byDigest {
		hash, err := v1.NewHash(wanted.DigestStr())
		if err != nil {
			return content{}, fmt.Errorf("%s cannot be read: %w", wanted, err)
		}
		algorithm = hash.Algorithm
	}
	digest, err := hashOf(algorithm, got.Manifest)
	if err != nil {
		return content{}, err
	}
	if byDigest && digest.String() != wanted.DigestStr() {
		return content{}, otherBytes(ref.Context(), "manifest", wanted.DigestStr(), digest.String())
	}
	return content{manifest: parseManifest(got.Manifest, got.MediaType), data: got.Manifest, digest: digest}, nil
}

// fetchChild reads a manifest that an index names.
func (c *Client) fetchChild(ctx context.Context, repo name.Repository, d v1.Descriptor) (content, error) {
	got, err := c.fetch(ctx, repo.Digest(d.Digest.String()))
	if err == nil && int64(len(got.data)) != d.Size {
		err = fmt.Errorf("the index says that manifest %s has %d bytes, and it has %d: %w", d.Digest, d.Size, len(got.data), ErrDigest)
	}
	return got, err
}

// blob reads a blob whole, which must be no larger than limit, and checks that its bytes
// are those that the descriptor stands for.
func (c *Client) blob(ctx context.Context, repo name.Repository, d v1.Descriptor, limit int64) ([]byte, error) {
	if d.Size < 0 || d.Size > limit {
		return nil, c.limits.tooLarge(repo.RegistryStr(), "a blob", limit)
	}
	layer, err := c.puller.Layer(ctx, repo.Digest(d.Digest.String()))
	if err != nil {
		return nil, err
	}
	content, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	data := make([]byte, d.Size)
	_, err = io.ReadFull(content, data)
	more, _ := io.ReadFull(content, make([]byte, 1))
	if closed := content.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, fmt.Errorf("reading blob %s: %w", d.Digest, err)
	}
	digest, err := hashOf(d.Digest.Algorithm, data)
	if err != nil {
		return nil, err
	}
	if more > 0 || digest != d.Digest {
		return nil, otherBytes(repo, "blob", d.Digest.String(), digest.String())
	}
	return data, nil
}

func otherBytes(repo name.Repository, what, wanted, got string) error {
	return tagboat.Errorf(tagboat.Internal, "registry %s gives other content for %s %s, whose digest would be %s: %w",
		repo.RegistryStr(), what, wanted, got, ErrDigest).
		WithHint("a mirror, a proxy or a cache on the way to the registry is broken or hostile; push the image again where it is the registry itself")
}

func hashOf(algorithm string, data []byte) (v1.Hash, error) {
	hasher, err := v1.Hasher(algorithm)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("computing a digest: %w", err)
	}
	_, _ = io.Copy(hasher, bytes.NewReader(data))
	return v1.Hash{Algorithm: algorithm, Hex: hex.EncodeToString(hasher.Sum(nil))}, nil
}
