package registry

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/tagboat/tagboat"
)

const (
	pagesListed   = 10 // of a thousand tags each
	tagsSuggested = 5
)

// notFound returns the error for an image that the registry does not have.
func (c *Client) notFound(ctx context.Context, ref tagboat.Reference, named name.Reference, err error) error {
	if unknownRepository(err) {
		return NoRepository(named.Context().RegistryStr(), ref.Repository)
	}
	e := tagboat.Usagef("%s does not exist", ref)
	if ref.Digest != "" {
		return e.WithHint("the registry has no such digest in %s; was it deleted by a lifecycle rule?", ref.Name())
	}
	tags := closest(ref.Tag, c.someTags(ctx, named.Context()))
	if len(tags) == 0 {
		return e.WithHint("repository %s has no tags", ref.Name())
	}
	return e.WithHint("tags that come close: %s", strings.Join(tags, ", "))
}

// someTags lists a bounded number of tags. It is for a hint only, so that an error cuts
// the list short.
func (c *Client) someTags(ctx context.Context, repo name.Repository) []string {
	lister, err := c.puller.Lister(ctx, repo)
	if err != nil {
		return nil
	}
	var tags []string
	for range pagesListed {
		if !lister.HasNext() {
			break
		}
		page, err := lister.Next(ctx)
		if err != nil {
			break
		}
		for _, tag := range page.Tags {
			if tagboat.ValidTag(tag) {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

// closest returns the tags most like tag, the best first.
func closest(tag string, tags []string) []string {
	ranked := slices.Clone(tags)
	slices.SortFunc(ranked, func(a, b string) int {
		return cmp.Or(cmp.Compare(likeness(tag, b), likeness(tag, a)), strings.Compare(b, a))
	})
	return ranked[:min(tagsSuggested, len(ranked))]
}

// likeness counts the characters that both have in common at their ends: people leave
// out the v of v1.4.2, or mistype a digit in the middle.
func likeness(a, b string) int {
	n := min(len(a), len(b))
	head, tail := 0, 0
	for head < n && a[head] == b[head] {
		head++
	}
	for tail < n-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return head + tail
}
