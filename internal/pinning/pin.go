// Package pinning changes what environments should run, from a request to the parameters:
//
//	find (catalog) ──▶ admit ──▶ write ──▶ tags of the stage
//
// with the holds and rejections that stop automation. Nothing is written unless everything
// that was asked for can be.
package pinning

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// Pinning pins versions.
type Pinning struct {
	*Writer
	Catalog *catalog.Catalog
	Holds   *Holds
	Tags    StageTags
	Glass   Glass
}

// Glass records that the gates of a stage are overridden.
type Glass interface {
	// BreakGlass records it; who may not do that must not override them. The release is "" where
	// single versions are pinned.
	BreakGlass(ctx context.Context, stage tagboat.StageName, release tagboat.Digest, why string) error
}

var _ Glass = (*home.Home)(nil)

// Request says what to pin where.
type Request struct {
	Environment tagboat.EnvName
	Images      []catalog.ImageArg
	All         bool // every image that has a rule, and no Images
	Message     string
	AllowOlder  bool // versions may go back
	Automation  bool // no person asks: holds and rejections count
	BreakGlass  bool // a person overrides the gates of releases, and Message says why
	DryRun      bool
}

// Result is what pinning came to.
type Result struct {
	Document tagboat.PinsDocument         // the pins asked for, as they are now
	Changed  bool                         // false where they were so already
	Reasons  map[tagboat.ImageName]string // how a rule chose, by image, in words
}

// Pin resolves each version to its digest, or lets the image's rule choose one, and writes
// the environment's parameters. Nothing is written unless every version exists, can run
// there, passes the stage's gates and is no step back.
func (p *Pinning) Pin(ctx context.Context, r Request) (Result, error) {
	results, err := p.PinIn(ctx, r, []tagboat.EnvName{r.Environment})
	if len(results) == 0 {
		return Result{}, err
	}
	return results[0], err
}

// images returns what a request names, or every image that has a rule.
func (p *Pinning) images(ctx context.Context, r Request) ([]catalog.ImageArg, error) {
	if !r.All {
		return r.Images, nil
	}
	var args []catalog.ImageArg
	for _, name := range slices.Sorted(maps.Keys(p.Fleet.Config.Images)) {
		if p.Fleet.Config.Images[name].Select.Empty() {
			operation.Tell(ctx, NoRule{name})
			continue
		}
		args = append(args, catalog.ImageArg{Image: name})
	}
	if len(args) == 0 {
		return nil, tagboat.Usagef("no image in %s has a rule", p.Fleet.Config.File).WithHint(`give one a rule: select: {semver: ">=1.0.0"}`)
	}
	return args, nil
}

// afterPin does what is to do once pins are written. No error of it says that nothing was
// touched.
func (p *Pinning) afterPin(ctx context.Context, draft *ledger.Draft, env config.Environment, picks catalog.Picks, w Outcome, automation bool) error {
	mine := slices.DeleteFunc(slices.Clone(w.Pins), func(pin tagboat.Pin) bool {
		return slices.ContainsFunc(w.lost, func(o ledger.Conflict) bool { return o.Image == pin.Image })
	})
	failed := []error{losers(env, w.lost, picks.References())}
	if automation {
		failed = append(failed, p.Holds.yields(ctx, env, w))
	} else {
		failed = append(failed, p.Holds.accept(ctx, draft, env, mine))
	}
	if err := errors.Join(failed...); err != nil {
		return stands(w, err)
	}
	return stands(w, p.Tags.Keep(ctx, env, mine))
}

// stands returns an error that came after pins were written as one that says so.
func stands(w Outcome, err error) error {
	if err == nil || !w.Changed || tagboat.KindOf(err) != tagboat.Usage {
		return err
	}
	return tagboat.Errorf(tagboat.Internal, "the pins stand: %w", err).WithHint("%s", tagboat.HintOf(err))
}
