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
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// PinIn is Pin in several environments: nothing is written in any of them unless it can be
// in all. Of an error midway the results are those of the environments before it.
func (p *Pinning) PinIn(ctx context.Context, r Request, environments []tagboat.EnvName) ([]Result, error) {
	prepared, err := p.Prepare(ctx, r, environments)
	if err != nil {
		return nil, err
	}
	return p.Commit(ctx, prepared)
}

// Prepared is what may be pinned: decided for all environments, and written in none.
type Prepared struct {
	request   Request
	decisions []decision
}

// decision is what may be pinned in an environment, and upon what that was decided.
type decision struct {
	env   config.Environment
	picks catalog.Picks
	draft *ledger.Draft
	book  ledger.Book // what the draft had then
	note  string      // for the history
}

// Prepare finds the versions and decides whether they may be pinned in all environments. It
// writes nothing.
func (p *Pinning) Prepare(ctx context.Context, r Request, environments []tagboat.EnvName) (*Prepared, error) {
	args, err := p.images(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, name := range environments {
		if _, err := p.Fleet.Config.Environment(string(name)); err != nil {
			return nil, err
		}
	}
	if r.BreakGlass && !slices.ContainsFunc(environments, p.takesReleases) {
		return nil, tagboat.Usagef("no stage there takes releases alone: --break-glass overrides nothing").WithHint("leave it out")
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
	return &Prepared{request: r, decisions: decisions}, nil
}

// Versions returns what is pinned where once p is committed.
func (p *Prepared) Versions() fleet.Versions {
	versions := fleet.Versions{}
	for _, d := range p.decisions {
		versions[d.env.Name] = d.picks.References()
	}
	return versions
}

// Changes returns the pins that others take the place of, by environment and image.
func (p *Prepared) Changes() []tagboat.PinChange {
	var changes []tagboat.PinChange
	for _, d := range p.decisions {
		changes = append(changes, fleet.PinChanges(d.book, d.env.Name, d.picks.References())...)
	}
	return changes
}

// Commit writes what was prepared, environment by environment. Of an error midway the
// results are those of the environments before it.
func (p *Pinning) Commit(ctx context.Context, prepared *Prepared) ([]Result, error) {
	if err := p.breakGlass(ctx, prepared); err != nil {
		return nil, err
	}
	var results []Result
	for _, d := range prepared.decisions {
		result, err := p.carryOut(ctx, d, prepared.request)
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

func (p *Pinning) decide(ctx context.Context, env config.Environment, picks catalog.Picks, r Request) (decision, error) {
	d := decision{env: env, picks: picks}
	var err error
	if d.draft, err = p.draft(ctx, env, slices.Collect(maps.Keys(picks))); err != nil {
		return d, err
	}
	if d.book, err = d.draft.Book(ctx); err != nil {
		return d, err
	}
	d.note, err = p.admit(ctx, admission{env: env, book: d.book, picks: picks, allowOlder: r.AllowOlder, automation: r.Automation, breakGlass: r.BreakGlass})
	return d, err
}

// breakGlass records that gates are overridden, before anything is written: who may not write
// that may not override them.
func (p *Pinning) breakGlass(ctx context.Context, prepared *Prepared) error {
	done := map[tagboat.StageName]bool{}
	for _, d := range prepared.decisions {
		if stage := d.env.Stage; strings.Contains(d.note, glassBroken) && !done[stage] {
			operation.Tell(ctx, GlassBroken{stage, prepared.request.Message})
			done[stage] = true
			if prepared.request.DryRun {
				continue
			}
			if err := p.Glass.BreakGlass(ctx, stage, "", prepared.request.Message); err != nil {
				return err
			}
			p.Recorder.Record(ctx, d.env, tagboat.Event{Command: "break-glass", Message: prepared.request.Message})
		}
	}
	return nil
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
