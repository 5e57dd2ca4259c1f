package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat"
)

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
