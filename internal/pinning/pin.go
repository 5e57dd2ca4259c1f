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
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// Pinning pins versions.
type Pinning struct {
	*Writer
	Catalog *catalog.Catalog
	Holds   *Holds
	Tags    StageTags
}

// Request says what to pin where.
type Request struct {
	Environment tagboat.EnvName
	Images      []catalog.ImageArg
	All         bool // every image that has a rule, and no Images
	Message     string
	AllowOlder  bool // versions may go back
	Automation  bool // no person asks: holds and rejections count
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

// PinIn is Pin in several environments: nothing is written in any of them unless it can be
// in all. Of an error midway the results are those of the environments before it.
func (p *Pinning) PinIn(ctx context.Context, r Request, environments []tagboat.EnvName) ([]Result, error) {
	args, err := p.images(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, name := range environments {
		if _, err := p.Fleet.Config.Environment(string(name)); err != nil {
			return nil, err
		}
	}
	picks, err := p.Catalog.Find(ctx, args)
	if err != nil {
		return nil, err
	}
	decisions, failed := make([]decision, len(environments)), make([]error, len(environments))
	for i, name := range environments {
		decisions[i], failed[i] = p.decide(ctx, p.Fleet.Config.Environments[name], picks, r)
	}
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	var results []Result
	for _, d := range decisions {
		result, err := p.carryOut(ctx, d, r)
		if err != nil && len(result.Document.Pins) == 0 {
			return results, err
		}
		results = append(results, result)
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

// decision is what may be pinned in an environment, and upon what that was decided.
type decision struct {
	env   config.Environment
	picks catalog.Picks
	draft *ledger.Draft
	note  string // for the history
}

func (p *Pinning) decide(ctx context.Context, env config.Environment, picks catalog.Picks, r Request) (decision, error) {
	d := decision{env: env, picks: picks}
	var err error
	if d.draft, err = p.draft(ctx, env, slices.Collect(maps.Keys(picks))); err != nil {
		return d, err
	}
	book, err := d.draft.Book(ctx)
	if err != nil {
		return d, err
	}
	d.note, err = p.admit(ctx, admission{env: env, book: book, picks: picks, allowOlder: r.AllowOlder, automation: r.Automation})
	return d, err
}

func (p *Pinning) carryOut(ctx context.Context, d decision, r Request) (Result, error) {
	want, reasons := request{pins: d.picks.References(), conditional: map[tagboat.ImageName]bool{}}, map[tagboat.ImageName]string{}
	for name, pick := range d.picks {
		if pick.Why != "" {
			reasons[name] = pick.Why
		}
		want.conditional[name] = r.Automation || pick.ByRule()
	}
	out, err := p.writeOn(ctx, d.draft, d.env, want, history.Origin{Command: "pin", Message: strings.TrimSpace(r.Message + d.note)}, r.DryRun)
	if err != nil {
		return Result{}, err
	}
	if out.Changed {
		p.TellShared(ctx, d.env, want.pins)
	}
	result := Result{
		Document: tagboat.PinsDocument{Environment: d.env.Name, Pins: tagboat.List(out.Pins), Replaced: out.replaced},
		Changed:  out.Changed,
		Reasons:  reasons,
	}
	if r.DryRun {
		return result, nil
	}
	return result, p.afterPin(ctx, d.draft, d.env, d.picks, out, r.Automation)
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
	failed := []error{losers(env, w.lost, picks)}
	if automation {
		failed = append(failed, p.yields(ctx, env, picks, w))
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
