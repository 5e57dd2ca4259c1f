package catalog

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

// shortDigest is how many hex digits of a digest name a version, at least: as many as
// tables show.
const shortDigest = 12

// IsShortDigest reports whether a text may be the first hex digits of a digest.
func IsShortDigest(text string) bool {
	return len(text) >= shortDigest && len(text) < 64 && strings.Trim(text, "0123456789abcdef") == ""
}

// shortened returns the reference that an argument names by the first digits of a digest. A
// tag that reads so counts as well: where it is another version, nobody knows which is meant.
func (c *Catalog) shortened(ctx context.Context, image config.Image, short string) (tagboat.Reference, error) {
	ref, tagged := image.Repository, image.Repository
	tagged.Tag = short
	is, err := c.Registry.Digest(ctx, tagged)
	if err != nil {
		return ref, err
	}
	ref.Digest, err = c.beginningWith(ctx, image, short)
	switch {
	case err != nil:
		return ref, err
	case ref.Digest != "" && is != "" && is != ref.Digest:
		return ref, tagboat.Usagef("%s is a tag of image %s, which stands for %s, and the beginning of the digest %s", short, image.Name, is.Short(), ref.Digest).
			WithHint("say which is meant: %s=%s for the tag, or %s@%s", image.Name, short, image.Name, ref.Digest)
	case ref.Digest == "" && is != "":
		return tagged, nil
	case ref.Digest == "":
		return ref, tagboat.Usagef("no version of image %s has a digest that begins with %s, nor such a tag", image.Name, short).
			WithHint("tagboat images %s shows its versions; a version without a tag may need its whole digest", image.Name)
	}
	return ref, nil
}

// beginningWith returns the digest of a repository that begins with hex digits, or "" for
// none. Several are an error of kind Usage.
func (c *Catalog) beginningWith(ctx context.Context, image config.Image, short string) (tagboat.Digest, error) {
	known, err := c.tags(ctx, image)
	if err != nil {
		return "", err
	}
	var found []string
	for digest := range known {
		if strings.HasPrefix(digest.Hex(), short) {
			found = append(found, string(digest))
		}
	}
	slices.Sort(found)
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return tagboat.Digest(found[0]), nil
	default:
		return "", tagboat.Usagef("%s is the beginning of %d digests of image %s", short, len(found), image.Name).WithHint("name one of them: %s", strings.Join(found, ", "))
	}
}

// tags returns the tags of each version of a repository. What a listing leaves out is looked
// up one by one, where that is not too much.
func (c *Catalog) tags(ctx context.Context, image config.Image) (map[tagboat.Digest][]string, error) {
	lister, _ := c.lister(image.Repository)
	listed, err := lister.List(ctx, image.Repository)
	if err != nil {
		return nil, err
	}
	var bare []string
	known := map[tagboat.Digest][]string{}
	for _, l := range listed {
		if l.Digest == "" {
			bare = append(bare, l.Tags...)
			continue
		}
		known[l.Digest] = append(known[l.Digest], l.Tags...)
	}
	if len(bare) > maxLooked {
		return nil, tagboat.Usagef("%s has %d tags, and its registry reports digests only one by one", image.Repository.Name(), len(bare)).WithHint("name the tag, or the whole digest")
	}
	digests, failed := make([]tagboat.Digest, len(bare)), make([]error, len(bare))
	var group errgroup.Group
	group.SetLimit(AtOnce)
	for i, tag := range bare {
		group.Go(func() error {
			ref := image.Repository
			ref.Tag = tag
			digests[i], failed[i] = c.Registry.Digest(ctx, ref)
			return nil
		})
	}
	_ = group.Wait()
	for i, digest := range digests {
		known[digest] = append(known[digest], bare[i])
	}
	return known, errors.Join(failed...)
}

// TagOf returns the tag of a version that says most of it: neither one that a stage writes,
// nor one that moves, as far as there is another; "" where it has none.
func (c *Catalog) TagOf(ctx context.Context, name tagboat.ImageName, version tagboat.Digest) (string, error) {
	image, err := c.Config.Image(string(name))
	if err != nil {
		return "", err
	}
	known, err := c.tags(ctx, image)
	if err != nil {
		return "", err
	}
	whose, moves := c.Config.WhoseTag(name), c.Config.MovingTag(name)
	best, points := "", -1
	for _, tag := range slices.Sorted(slices.Values(known[version])) {
		rank := len(tag)
		if tag != "latest" && !moves(tag) {
			rank += 1000
		}
		if whose(tag) == "" {
			rank += 2000
		}
		if rank > points && tagboat.ValidTag(tag) {
			best, points = tag, rank
		}
	}
	return best, nil
}
