package pinning

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Newest finds the version that the rule of each image chooses; with only, of those images alone.
// Of those, one without a rule has none.
func (p *Pinning) Newest(ctx context.Context, only []tagboat.ImageName) (catalog.Picks, error) {
	args, err := p.images(ctx, Request{All: true})
	if err != nil {
		return nil, err
	}
	if only != nil {
		args = slices.DeleteFunc(args, func(arg catalog.ImageArg) bool { return !slices.Contains(only, arg.Image) })
	}
	return p.Catalog.Find(ctx, args)
}

// Advanced returns the versions of an environment with each image at its newest version, and why
// images stay at what is pinned: an image that is held, whose newest version was rejected here, or
// would be a step back. Automation asks, and a person who names no version.
func (p *Pinning) Advanced(ctx context.Context, env config.Environment, book ledger.Book, picks catalog.Picks) (versions map[tagboat.ImageName]tagboat.Reference, stays []string, err error) {
	versions = map[tagboat.ImageName]tagboat.Reference{}
	for _, pin := range book.Pins(env.Name) {
		versions[pin.Image] = pin.Reference()
	}
	holds, err := book.Holds(env.Name)
	if err != nil {
		return nil, nil, err
	}
	for _, image := range slices.Sorted(maps.Keys(picks)) {
		pick := picks[image]
		pin, pinned := book.Pin(env.Name, image)
		if pinned && pin.Pins(pick.Version.Reference) {
			continue
		}
		why := p.Holds.mayPin(env, holds, image, pick.Version.Reference)
		if why == nil && pinned {
			older, how, err := p.older(ctx, pick, pin, true)
			switch {
			case err != nil:
				why = incomparable(image, err, true)
			case older:
				why = stepBack(env, pick, pin, how, true)
			}
		}
		if why != nil && pinned {
			stays = append(stays, fmt.Sprintf("image %s stays at %s in %s: %v", image, pin.Reference().Readable(), env.Name, why))
			continue
		}
		versions[image] = pick.Version.Reference
	}
	return versions, stays, nil
}
