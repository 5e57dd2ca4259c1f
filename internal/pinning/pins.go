package pinning

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// PinsRequest says whose pins to show.
type PinsRequest struct {
	Environment tagboat.EnvName
	Brief       bool // without who set them, when and why, for which the history of each parameter is read
}

// Pins returns an environment's pins. It costs a call for each parameter, or in brief one
// for ten.
func (p *Pinning) Pins(ctx context.Context, r PinsRequest) (tagboat.PinsDocument, error) {
	env, err := p.Fleet.Config.Environment(string(r.Environment))
	if err != nil {
		return tagboat.PinsDocument{}, err
	}
	book, holds, err := p.read(ctx, env, r.Brief)
	unread := []error{err}
	pins, err := p.Holds.with(env, holds, book.Pins(env.Name))
	document := tagboat.PinsDocument{Environment: env.Name, Pins: tagboat.List(pins)}
	for _, entry := range slices.Concat(book.Entries, holds.Entries) {
		if !slices.Contains(unread, entry.Err) {
			unread = append(unread, entry.Err)
		}
	}
	unread = append(unread, err)
	for _, entry := range book.Entries {
		if entry.Torn {
			operation.Tell(ctx, Torn{entry.Group.Parameter})
		}
		if entry.Uncertain {
			operation.Tell(ctx, fleet.Uncertain{Parameter: entry.Group.Parameter})
		}
		document.Overwritten = append(document.Overwritten, entry.Overwritten...)
	}
	for _, o := range document.Overwritten {
		operation.Tell(ctx, Overwritten{env.Name, o})
	}
	document.Projections, err = p.projections(ctx, env, book)
	document.Errors = unreadOf(env, append(unread, err))
	if len(document.Errors) == 0 {
		document.Unpinned = p.unpinned(pins)
	}
	return document, ctx.Err()
}

// unpinned returns the images of the file that have no pin, by name.
func (p *Pinning) unpinned(pins []tagboat.Pin) []tagboat.ImageName {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(p.Fleet.Config.Images)), func(image tagboat.ImageName) bool {
		return slices.ContainsFunc(pins, func(pin tagboat.Pin) bool { return pin.Image == image })
	})
}

// unreadOf returns what JSON says of the errors among errs.
func unreadOf(env config.Environment, errs []error) []tagboat.EnvironmentError {
	var unread []fleet.Unread
	for _, err := range errs {
		if err != nil {
			unread = append(unread, fleet.Unread{Environment: env.Name, Err: err})
		}
	}
	return fleet.Document(unread)
}

// read returns an environment's pins and its holds, as far as they can be read.
func (p *Pinning) read(ctx context.Context, env config.Environment, brief bool) (pins, holds ledger.Book, err error) {
	from, layout := p.Access.Ledger(env), p.Fleet.Layout()
	if brief {
		pins, err = from.Look(ctx, layout.All(env)...)
		return pins, pins, err
	}
	holds, err = from.Look(ctx, layout.Holds(env))
	return from.Inspect(ctx, layout.Groups(env)...), holds, err
}

// RestoreRequest says what to pin again.
type RestoreRequest struct {
	Environment tagboat.EnvName
	Images      []tagboat.ImageName // none for all
	Message     string
	Automation  bool // no person asks: holds and rejections count
	DryRun      bool // tell what that would come to, and write nothing
}

// Restore pins again what somebody overwrote who does not keep to the protocol.
func (p *Pinning) Restore(ctx context.Context, r RestoreRequest) (Result, error) {
	env, err := p.Fleet.Config.Environment(string(r.Environment))
	if err != nil {
		return Result{}, err
	}
	for _, image := range r.Images {
		if _, err := p.Fleet.Config.Image(string(image)); err != nil {
			return Result{}, err
		}
	}
	book, err := p.Access.Ledger(env).Audit(ctx, p.Fleet.Layout().Groups(env)...)
	if err != nil {
		return Result{}, err
	}
	lost := map[tagboat.ImageName]tagboat.Reference{}
	for _, entry := range book.Entries {
		for _, o := range entry.Overwritten {
			if len(r.Images) == 0 || slices.Contains(r.Images, o.Image) {
				lost[o.Image] = o.Reference()
			}
		}
	}
	document := tagboat.PinsDocument{Environment: env.Name, Pins: []tagboat.Pin{}}
	if len(lost) == 0 {
		return Result{Document: document}, nil
	}
	by := history.Origin{Command: "restore", Message: cmp.Or(r.Message, "restored")}
	out, err := p.Holds.WriteAs(ctx, r.Automation, env, lost, by, r.DryRun)
	if err != nil {
		return Result{}, err
	}
	document.Pins = tagboat.List(out.Pins)
	result := Result{Document: document, Changed: out.Changed}
	if r.DryRun {
		return result, nil
	}
	return result, p.Tags.Keep(ctx, env, out.Pins)
}

// projections returns those of a book's pins, and tells which have fallen behind. It makes
// no call where tagboat.yaml has none.
func (p *Pinning) projections(ctx context.Context, env config.Environment, book ledger.Book) ([]tagboat.Projection, error) {
	projections, err := p.Access.Ledger(env).ReadProjections(ctx, book)
	if err != nil {
		return nil, err
	}
	var all []tagboat.Projection
	for _, one := range projections {
		all = append(all, tagboat.Projection{Image: one.Image, Parameter: one.Parameter, Value: one.Value, Stale: one.Stale()})
		if one.Stale() {
			operation.Tell(ctx, StaleProjection{one.Parameter, one.Image})
		}
	}
	return all, nil
}
