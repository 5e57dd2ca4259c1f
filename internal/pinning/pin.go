package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

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
	want := wanted{pins: changes, conditional: map[tagboat.ImageName]bool{}}
	for name, f := range found {
		if f.why != "" {
			reasons[name] = f.why
		}
		want.conditional[name] = r.Automation || f.shelf != nil
	}
	if err := a.admit(ctx, env, changes); err != nil {
		return PinResult{}, err
	}
	written, err := a.writeOn(ctx, draft, env, want, reason{"pin", strings.TrimSpace(r.Message + note)}, r.DryRun)
	if err != nil {
		return PinResult{}, err
	}
	if written.changed {
		a.tellShared(env, changes)
	}
	result := PinResult{
		Document: tagboat.PinsDocument{Environment: env.Name, Pins: some(written.pins), Replaced: written.replaced},
		Changed:  written.changed,
		Reasons:  reasons,
	}
	if r.DryRun {
		return result, nil
	}
	return result, a.afterPin(ctx, draft, env, found, written, r.Automation)
}

// afterPin does what is to do once pins are written. No error of it says that nothing was
// touched.
func (a *App) afterPin(ctx context.Context, draft *ledger.Draft, env config.Environment, all map[tagboat.ImageName]found, w written, automation bool) error {
	mine := slices.DeleteFunc(slices.Clone(w.pins), func(pin tagboat.Pin) bool {
		return slices.ContainsFunc(w.lost, func(o ledger.Overtaken) bool { return o.Image == pin.Image })
	})
	failed := []error{losers(env, w.lost, all)}
	if automation {
		failed = append(failed, a.yields(ctx, env, all, w))
	} else {
		failed = append(failed, a.accept(ctx, draft, env, mine))
	}
	if err := errors.Join(failed...); err != nil {
		return stands(w, err)
	}
	return stands(w, a.keepTags(ctx, env, mine))
}

// stands returns an error that came after pins were written as one that says so.
func stands(w written, err error) error {
	if err == nil || !w.changed || tagboat.KindOf(err) != tagboat.Usage {
		return err
	}
	return tagboat.Errorf(tagboat.Internal, "the pins stand: %w", err).WithHint("%s", hintOf(err))
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
