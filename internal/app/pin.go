package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

// ImageArg is an image and the version wanted of it. Without tag and digest, the
// image's selection rule chooses.
type ImageArg struct {
	Image  tagboat.ImageName
	Tag    string
	Digest tagboat.Digest
}

// PinRequest says what to pin where.
type PinRequest struct {
	Environment tagboat.EnvName
	Images      []ImageArg
	Message     string
	DryRun      bool
}

// PinResult is what pinning came to.
type PinResult struct {
	Document tagboat.PinsDocument // the pins asked for, as they are now
	Changed  bool                 // false where they were so already
}

// registriesAtOnce bounds how many versions are resolved at the same time.
const registriesAtOnce = 8

// Pin resolves each version to its digest and writes the environment's parameter.
// Nothing is written unless every version exists.
func (a *App) Pin(ctx context.Context, r PinRequest) (PinResult, error) {
	env, err := a.config.Environment(string(r.Environment))
	if err != nil {
		return PinResult{}, err
	}
	changes, err := a.resolve(ctx, r.Images)
	if err != nil {
		return PinResult{}, err
	}
	if err := a.admit(ctx, env, changes); err != nil {
		return PinResult{}, err
	}
	write := a.ledger(env).Update
	if r.DryRun {
		write = a.ledger(env).Preview
	}
	receipt, err := write(ctx, a.group(env), changes, ledger.Why{Message: r.Message})
	if err != nil {
		return PinResult{}, err
	}
	for _, o := range receipt.Overtaken {
		a.notice(fmt.Sprintf("%s was pinned by %s at the same time, and later: theirs counts", o.Image, o.By))
	}
	pins := slices.DeleteFunc(slices.Clone(receipt.Pins), func(p tagboat.Pin) bool { _, asked := changes[p.Image]; return !asked })
	result := PinResult{
		Document: tagboat.PinsDocument{Environment: env.Name, Pins: some(pins)},
		Changed:  receipt.Written,
	}
	if r.DryRun {
		return result, nil
	}
	return result, a.keepTags(ctx, env, pins)
}

// resolve returns the digest of each version that was asked for.
func (a *App) resolve(ctx context.Context, args []ImageArg) (map[tagboat.ImageName]tagboat.Reference, error) {
	wanted := map[tagboat.ImageName]tagboat.Reference{}
	var failed []error
	for _, arg := range args {
		ref, err := a.wanted(arg)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if _, twice := wanted[arg.Image]; twice {
			failed = append(failed, tagboat.Usagef("image %s is named twice", arg.Image))
		}
		wanted[arg.Image] = ref
	}
	if len(failed) > 0 {
		return nil, errors.Join(failed...)
	}
	return a.look(ctx, wanted)
}

// look finds every version in its registry, several at once.
func (a *App) look(ctx context.Context, wanted map[tagboat.ImageName]tagboat.Reference) (map[tagboat.ImageName]tagboat.Reference, error) {
	names := slices.Sorted(maps.Keys(wanted))
	found := make([]tagboat.Reference, len(names))
	failed := make([]error, len(names))
	var group errgroup.Group
	group.SetLimit(registriesAtOnce)
	for i, name := range names {
		group.Go(func() error {
			version, err := a.registry.Resolve(ctx, wanted[name])
			found[i], failed[i] = version.Reference, err
			return nil // all failures are told at once
		})
	}
	_ = group.Wait()
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	digests := make(map[tagboat.ImageName]tagboat.Reference, len(names))
	for i, name := range names {
		digests[name] = found[i]
	}
	return digests, nil
}

// wanted returns the reference that an argument stands for.
func (a *App) wanted(arg ImageArg) (tagboat.Reference, error) {
	image, err := a.config.Image(string(arg.Image))
	if err != nil {
		return tagboat.Reference{}, err
	}
	ref := image.Repository
	ref.Tag, ref.Digest = arg.Tag, arg.Digest
	if ref.Tag == "" && ref.Digest == "" {
		ref.Tag = image.Select.Tag
	}
	if ref.Tag == "" && ref.Digest == "" {
		return ref, noRule(image)
	}
	return ref, nil
}

func noRule(image config.Image) error {
	return tagboat.Usagef("image %s has no selection rule, and no version was given", image.Name).
		At(image.Where).
		WithHint("name a version: tagboat pin %s=TAG, or give the image a rule: select: {tag: TAG}", image.Name)
}

// some returns an empty list rather than none, which JSON would write as null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
