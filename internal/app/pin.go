package app

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
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
	All         bool // every image that has a rule, and no Images
	Message     string
	AllowOlder  bool // versions may go back
	Automation  bool // no person asks: holds and rejections count
	DryRun      bool
}

// PinResult is what pinning came to.
type PinResult struct {
	Document tagboat.PinsDocument         // the pins asked for, as they are now
	Changed  bool                         // false where they were so already
	Reasons  map[tagboat.ImageName]string // how a rule chose, by image, in words
}

// registriesAtOnce bounds how many versions are resolved at the same time.
const registriesAtOnce = 8

// Pin resolves each version to its digest, or lets the image's rule choose one, and writes
// the environment's parameters. Nothing is written unless every version exists, can run
// there, passes the stage's gates and is no step back.
func (a *App) Pin(ctx context.Context, r PinRequest) (PinResult, error) {
	env, err := a.config.Environment(string(r.Environment))
	if err != nil {
		return PinResult{}, err
	}
	args, err := a.wantedImages(r)
	if err != nil {
		return PinResult{}, err
	}
	found, err := a.find(ctx, args)
	if err != nil {
		return PinResult{}, err
	}
	draft, err := a.draft(ctx, env, slices.Collect(maps.Keys(found)))
	if err != nil {
		return PinResult{}, err
	}
	book, err := draft.Book(ctx)
	if err != nil {
		return PinResult{}, err
	}
	if err := a.mayTouch(env, book, found, r.Automation); err != nil {
		return PinResult{}, err
	}
	note, err := a.mayPin(ctx, env, book, found, r.AllowOlder, r.Automation)
	if err != nil {
		return PinResult{}, err
	}
	changes, reasons := references(found), map[tagboat.ImageName]string{}
	for name, f := range found {
		if f.why != "" {
			reasons[name] = f.why
		}
	}
	if err := a.admit(ctx, env, changes); err != nil {
		return PinResult{}, err
	}
	written, err := a.writeOn(ctx, draft, env, changes, reason{"pin", strings.TrimSpace(r.Message + note)}, r.DryRun)
	if err != nil {
		return PinResult{}, err
	}
	if written.changed {
		a.tellShared(env, changes)
	}
	result := PinResult{
		Document: tagboat.PinsDocument{Environment: env.Name, Pins: some(written.pins)},
		Changed:  written.changed,
		Reasons:  reasons,
	}
	if r.DryRun {
		return result, nil
	}
	if !r.Automation {
		if err := a.accept(ctx, env, book, written.pins); err != nil {
			return result, err
		}
	}
	return result, a.keepTags(ctx, env, written.pins)
}

func noRule(image config.Image) error {
	return tagboat.Usagef("image %s has no selection rule, and no version was given", image.Name).
		At(image.Where).
		WithHint("name a version: tagboat pin %s=TAG, or give the image a rule, such as select: {semver: \">=1.0.0\"}", image.Name)
}

// some returns an empty list rather than none, which JSON would write as null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
