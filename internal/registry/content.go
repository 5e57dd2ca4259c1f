package registry

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/tagboat/tagboat"
)

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
