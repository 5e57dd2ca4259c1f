package catalog

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/selection"
)

// Date fills in when both of two versions of an image were pushed, as far as that is known
// and in the same way for both: by the listing, by ECR, or by the time of the build.
func (c *Catalog) Date(ctx context.Context, f Pick, before, after *selection.Candidate) error {
	if f.from != nil && f.Image.Select.Follow == "" {
		if before.PushedAt = f.from.pushed(before.Digest); !before.PushedAt.IsZero() {
			return nil
		}
	}
	for _, one := range []*selection.Candidate{before, after} {
		at, err := c.pushedAt(ctx, f.Image, *one)
		if one.PushedAt = at; err != nil || at.IsZero() {
			return err
		}
	}
	return nil
}

// pushedAt returns when a version was pushed, or was built where the registry does not tell
// that; zero where nobody knows, since it is gone.
func (c *Catalog) pushedAt(ctx context.Context, image config.Image, of selection.Candidate) (time.Time, error) {
	ref := image.Repository
	ref.Tag, ref.Digest = of.Tag, of.Digest
	if api, account, ok := c.Access.ECR(ref); ok {
		if ref.Digest == "" { // some parameters have tags alone
			var err error
			if ref.Digest, err = c.Registry.Digest(ctx, ref); ref.Digest == "" {
				return time.Time{}, err
			}
		}
		return api.PushedAt(ctx, account, ref.Repository, ref.Digest)
	}
	version, err := c.Registry.Resolve(ctx, ref)
	if tagboat.KindOf(err) == tagboat.Usage {
		return time.Time{}, nil // it is gone, and cannot be compared with
	}
	return version.Created, err
}

// pushed returns when a digest was pushed, or zero where that is not known.
func (r *repository) pushed(digest tagboat.Digest) (at time.Time) {
	for _, c := range r.candidates {
		if c.Digest == digest {
			return c.PushedAt
		}
	}
	return at
}

// Platforms returns what a version has images for; it is looked up where that is not known
// yet.
func (c *Catalog) Platforms(ctx context.Context, f Pick) ([]string, error) {
	switch {
	case len(f.Version.Platforms) > 0:
		return f.Version.Platforms, nil
	case f.Candidate.Complete:
		return f.Candidate.Platforms, nil
	}
	version, err := c.Registry.ResolveListed(ctx, f.Version.Reference)
	return version.Platforms, err
}

// Movable returns the tags of versions that may come to stand for others, by the image's
// name. It is a courtesy, at one call for each repository: who may not ask hears of none.
func (c *Catalog) Movable(ctx context.Context, picks Picks) []tagboat.Reference {
	var movable []tagboat.Reference
	known := map[string]func(tag string) bool{}
	for _, name := range slices.Sorted(maps.Keys(picks)) {
		ref := picks[name].Version.Reference
		api, account, ok := c.Access.ECR(ref)
		if !ok || ref.Tag == "" || picks[name].Image.Select.Follow == ref.Tag {
			continue
		}
		moves, read := known[ref.Name()]
		if !read {
			moves, _ = api.Movable(ctx, account, ref.Repository)
			known[ref.Name()] = moves
		}
		if moves != nil && moves(ref.Tag) {
			movable = append(movable, ref)
		}
	}
	return movable
}
