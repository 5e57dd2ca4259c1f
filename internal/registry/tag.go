package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/tagboat/tagboat"
)

// Digest returns what a tag stands for now, or "" where the repository has no such tag.
// It is one HEAD request.
func (c *Client) Digest(ctx context.Context, ref tagboat.Reference) (tagboat.Digest, error) {
	named, err := refer(ref)
	if err != nil {
		return "", err
	}
	return within(ctx, c.limits, ref.Host, func(ctx context.Context) (tagboat.Digest, error) {
		digest, err := c.head(ctx, named)
		if isNotFound(err) {
			return "", nil
		}
		if err != nil {
			return "", wrapError("looking for", ref, err)
		}
		return digest, nil
	})
}

// head asks for a digest alone. Where a registry has no answer to that, the manifest is
// read.
func (c *Client) head(ctx context.Context, named name.Reference) (tagboat.Digest, error) {
	head, err := c.puller.Head(ctx, named)
	var answer *transport.Error
	var unreached *url.Error
	switch {
	case err == nil && head.Digest.Algorithm == "sha256":
		return tagboat.Digest(head.Digest.String()), nil
	case errors.As(err, &answer) && answer.StatusCode != http.StatusMethodNotAllowed, errors.As(err, &unreached), ctx.Err() != nil:
		return "", err
	}
	got, err := c.fetch(ctx, named)
	return tagboat.Digest(got.digest.String()), err
}

// Tag puts one more tag on a version, which ref names by its digest: the bytes of its
// manifest go back under the tag, and nothing else is sent. A tag that stands for it
// already stays as it is, and one that stands for something else moves. Where the
// registry does not let it move, the error wraps ErrImmutable.
func (c *Client) Tag(ctx context.Context, version tagboat.Reference, tag string) error {
	_, err := within(ctx, c.limits, version.Host, func(ctx context.Context) (struct{}, error) { return struct{}{}, c.tag(ctx, version, tag) })
	return err
}

func (c *Client) tag(ctx context.Context, version tagboat.Reference, tag string) error {
	if !tagboat.ValidTag(tag) {
		return tagboat.Usagef("%s cannot be a tag", quoted(tag))
	}
	named, err := refer(version)
	if err != nil {
		return err
	}
	got, err := c.fetch(ctx, named)
	if isNotFound(err) {
		return c.notFound(ctx, version, named, err)
	}
	if err != nil {
		return wrapError("reading", version, err)
	}
	to := version
	to.Tag, to.Digest = tag, ""
	err = c.pusher.Put(ctx, named.Context().Tag(tag), rawManifest{got.data, got.mediaType})
	if err != nil {
		return tagError("tagging", to, err)
	}
	return nil
}

// rawManifest is a manifest as it came.
type rawManifest struct {
	bytes     []byte
	mediaType types.MediaType
}

// RawManifest implements remote.Taggable.
func (m rawManifest) RawManifest() ([]byte, error) { return m.bytes, nil }

// MediaType says what the manifest is sent as.
func (m rawManifest) MediaType() (types.MediaType, error) { return m.mediaType, nil }

// ErrImmutable says that a tag exists and that its repository does not let it move.
var ErrImmutable = errors.New("the tag exists and the repository's tags are immutable")

// tagError is wrapError for what changes a repository.
func tagError(doing string, ref tagboat.Reference, err error) error {
	if !immutable(err) {
		return wrapError(doing, ref, err)
	}
	return Immutable(ref)
}

// Immutable returns the error for a tag that its repository does not let move.
func Immutable(ref tagboat.Reference) error {
	return tagboat.Usagef("%s stays where it is: %w", ref, ErrImmutable).
		WithHint("use a tag that is new each time, such as {environment}-{time:20060102-150405}; or let this one move: aws ecr put-image-tag-mutability --repository-name %s "+
			"--image-tag-mutability IMMUTABLE_WITH_EXCLUSION --image-tag-mutability-exclusion-filters filterType=WILDCARD,filter=%s", ref.Repository, ref.Tag)
}

// immutable reports whether a registry refused to move a tag. ECR says TAG_INVALID and
// Harbor PRECONDITION, both with the word in the message.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
func immutable(err error) bool {
	var e *transport.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusBadRequest && e.StatusCode != http.StatusPreconditionFailed {
		return false
	}
	for _, d := range e.Errors {
		if strings.Contains(d.Message, "immutable") {
			return true
		}
	}
	return false
}

// HasLayer reports whether a repository has a layer.
func (c *Client) HasLayer(ctx context.Context, repository tagboat.Reference, layer tagboat.Digest) (bool, error) {
	repo, err := repositoryOf(repository)
	if err != nil {
		return false, err
	}
	return within(ctx, c.limits, repository.Host, func(ctx context.Context) (bool, error) {
		named, err := c.puller.Layer(ctx, repo.Digest(string(layer)))
		if err != nil {
			return false, wrapError("looking for a layer of", repository, err)
		}
		exists, err := partial.Exists(named)
		if err != nil {
			return false, wrapError("looking for a layer of", repository, err)
		}
		return exists, nil
	})
}

// Upload sends a layer to a repository, unless it is there already, or the registry mounts
// it from another of its repositories, if from names one: the layer's content is then never
// read. A registry that does not mount it is sent it, such as ECR where the account setting
// BLOB_MOUNTING is off or the two repositories are encrypted differently. An upload that
// breaks off is begun again, for which the layer's Compressed is called anew.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/blob-mounting.html
func (c *Client) Upload(ctx context.Context, repository, from tagboat.Reference, layer v1.Layer) error {
	repo, err := repositoryOf(repository)
	if err != nil {
		return err
	}
	if from.Repository != "" {
		other, err := repositoryOf(from)
		if err != nil {
			return err
		}
		layer = &remote.MountableLayer{Layer: layer, Reference: other.Tag("")}
	}
	if err := c.pusher.Upload(ctx, repo, layer); err != nil {
		return wrapError("pushing a layer of", repository, err)
	}
	return nil
}

// Push puts an image or an index under ref, by its tag if it has one, else by its digest,
// after whatever it consists of that is not there yet. What is there already is not sent.
func (c *Client) Push(ctx context.Context, ref tagboat.Reference, content remote.Taggable) error {
	named, err := refer(ref)
	if err != nil {
		return err
	}
	if err := c.pusher.Push(ctx, named, content); err != nil {
		return tagError("pushing", ref, err)
	}
	return nil
}

// Entry is what a listing says about one version. Registries differ in how much that is:
// the registry protocol's has a tag and nothing else, one Listed for each.
type Entry struct {
	Digest    tagboat.Digest // "" where the listing does not say
	Tags      []string       // none for a version without
	PushedAt  time.Time      // zero where the listing does not say
	Size      int64          // bytes as they are pulled; an index has its largest image's; 0 where unknown
	MediaType string         // "" where the listing does not say
	// Artifact says what it is where no container can run it, such as "is a Helm chart"; ""
	// for an image, and where the listing does not say.
	Artifact string
	Scan     Scan
}

// IsIndex reports whether the version stands for several images, as far as is known.
func (l Entry) IsIndex() bool {
	return l.MediaType == "application/vnd.oci.image.index.v1+json" ||
		l.MediaType == "application/vnd.docker.distribution.manifest.list.v2+json"
}

// Scan is what a scan of a version came to. The zero value is none.
type Scan struct {
	Status string         // in the registry's words; "" where there was no scan
	Counts map[string]int // findings by severity, in upper case; nil where there is no result
}

// A Lister lists the versions of one repository, which the reference names, in any order.
// It must return all of them, however many pages they are, or an error: what is not
// complete decides nothing. Where there is no such repository the error must be of kind
// Usage.
type Lister interface {
	List(ctx context.Context, repository tagboat.Reference) ([]Entry, error)
}

var _ Lister = (*Client)(nil)

// List implements Lister with the registry protocol's list of tags.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
func (c *Client) List(ctx context.Context, repository tagboat.Reference) ([]Entry, error) {
	return within(ctx, c.limits, repository.Host, func(ctx context.Context) ([]Entry, error) { return c.list(ctx, repository) })
}

func (c *Client) list(ctx context.Context, repository tagboat.Reference) ([]Entry, error) {
	repo, err := repositoryOf(repository)
	if err != nil {
		return nil, err
	}
	lister, err := c.puller.Lister(ctx, repo)
	if err != nil {
		return nil, c.listing(repository, repo, err)
	}
	return c.pages(ctx, repository, repo, lister)
}

func (c *Client) pages(ctx context.Context, repository tagboat.Reference, repo name.Repository, lister *remote.Lister) ([]Entry, error) {
	var all []Entry
	seen := map[string]bool{}
	for pages := 1; lister.HasNext(); pages++ {
		page, err := lister.Next(ctx)
		if err != nil {
			return nil, c.listing(repository, repo, err)
		}
		before := len(all)
		for _, tag := range page.Tags {
			if tag = readable(tag); !seen[tag] {
				seen[tag] = true
				all = append(all, Entry{Tags: []string{tag}})
			}
		}
		if len(all) > c.limits.Tags || pages > c.limits.pages() {
			return nil, c.limits.tooMany(repository.Host)
		}
		if len(all) == before && lister.HasNext() {
			return nil, fmt.Errorf("listing the tags of %s: the registry gives the same page again and again", repository.Name())
		}
	}
	return all, nil
}

// readable returns a tag as it is, and what cannot be one in quotes, which no tag has.
func readable(tag string) string {
	if tagboat.ValidTag(tag) {
		return tag
	}
	return quoted(tag)
}

// listing explains why a listing failed.
func (c *Client) listing(repository tagboat.Reference, repo name.Repository, err error) error {
	if isNotFound(err) {
		return NoRepository(repo.RegistryStr(), repository.Repository)
	}
	return wrapError("listing the tags of", repository, err)
}

// NoRepository returns the error for a repository that a registry does not have.
func NoRepository(host, repository string) error {
	return tagboat.Usagef("registry %s has no repository %s", host, repository).
		WithHint("create it or push to it first, or correct the repository in tagboat.yaml")
}
