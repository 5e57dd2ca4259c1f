package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ledger"
)

// HoldRequest says what automation is to leave alone, or no longer.
type HoldRequest struct {
	Environment tagboat.EnvName
	Images      []tagboat.ImageName // none for the whole environment
	Until       When                // the zero value for no end
	Message     string
	DryRun      bool // tell what would be held, and write nothing
}

// holdsOf returns the group that stands for an environment's holds.
func (a *App) holdsOf(env config.Environment) ledger.Group {
	return ledger.HoldsGroup(a.config.HoldsName(env), env.Name)
}

// kept returns all groups of an environment that the ledger keeps: pins, and holds.
func (a *App) kept(env config.Environment) []ledger.Group {
	return append(a.groups(env), a.holdsOf(env))
}

// Hold stops automation from changing the pins of images.
func (a *App) Hold(ctx context.Context, r HoldRequest) (tagboat.HoldsDocument, error) {
	env, err := a.holdable(r)
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	hold, err := a.newHold(ctx, env, r)
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	if len(r.Images) == 0 {
		r.Images = []tagboat.ImageName{ledger.AllImages}
	}
	return a.changeHolds(ctx, env, changing{reason{"hold", r.Message}, r.DryRun, true, func(now ledger.Holds) ledger.Holds {
		changes := ledger.Holds{}
		for _, image := range r.Images {
			held := now[image]
			held.Hold = hold
			changes[image] = held
		}
		return changes
	}})
}

// Unhold lets automation go on: with the images given, or with all of the environment.
// What a rollback rejected stays rejected, until somebody pins it by hand.
func (a *App) Unhold(ctx context.Context, r HoldRequest) (tagboat.HoldsDocument, error) {
	env, err := a.holdable(r)
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	return a.changeHolds(ctx, env, changing{reason{"unhold", r.Message}, r.DryRun, false, func(now ledger.Holds) ledger.Holds {
		changes := ledger.Holds{}
		for image, held := range now {
			if held.Hold != nil && (len(r.Images) == 0 || slices.Contains(r.Images, image)) {
				held.Hold = nil
				changes[image] = held
			}
		}
		if len(r.Images) > 0 && now[ledger.AllImages].Hold != nil {
			a.notice(fmt.Sprintf("all of %s is held: tagboat unhold --env %s", env.Name, env.Name))
		}
		return changes
	}})
}

// holdable returns the environment, where all that was asked for exists.
func (a *App) holdable(r HoldRequest) (config.Environment, error) {
	env, err := a.config.Environment(string(r.Environment))
	for _, image := range r.Images {
		if _, unknown := a.config.Image(string(image)); err == nil {
			err = unknown
		}
	}
	return env, err
}

// newHold says who holds, from when and until when.
func (a *App) newHold(ctx context.Context, env config.Environment, r HoldRequest) (*tagboat.Hold, error) {
	session := a.session(env)
	_, by, err := session.Identity(ctx)
	if err != nil {
		return nil, err
	}
	now := session.Now()
	hold := &tagboat.Hold{Reason: r.Message, By: by, Since: &now}
	until := r.Until.At
	if r.Until.Ago != 0 {
		until = now.Add(-r.Until.Ago)
	}
	if until.IsZero() {
		return hold, nil
	}
	if !until.After(now) {
		return nil, tagboat.Usagef("%s is past", until.UTC().Format(time.RFC3339)).WithHint("--until takes a time to come, or how long: 2h, 3d")
	}
	hold.Until = &until
	return hold, nil
}

// changing is a change of holds.
type changing struct {
	why    reason
	dryRun bool
	// again says that a change which others came before is made again upon theirs. Else it is
	// given up: what it was to change is not there any more.
	again  bool
	change func(now ledger.Holds) ledger.Holds
}

// holdsTries is how often others may come before a change of holds.
const holdsTries = 20

// changeHolds writes the holds that a change returns for those that there are. A change
// counts only for what nobody else changed meanwhile.
func (a *App) changeHolds(ctx context.Context, env config.Environment, c changing) (tagboat.HoldsDocument, error) {
	for range holdsTries {
		holds, lost, err := a.changeHoldsOnce(ctx, env, c)
		switch {
		case err != nil:
			return tagboat.HoldsDocument{}, err
		case len(lost) == 0:
			return holdsDocument(env, holds, a.session(env).Now()), nil
		case !c.again:
			return tagboat.HoldsDocument{}, tagboat.Errorf(tagboat.Blocked, "the hold on %s in %s was changed by %s meanwhile, and stays", lost[0].Image, env.Name, lost[0].By).
				WithHint("tagboat pins --env %s shows it; where it is to go as well, run the command again", env.Name)
		}
	}
	return tagboat.HoldsDocument{}, tagboat.Errorf(tagboat.Internal, "the holds of %s change too often", env.Name).WithHint("run the command again")
}

func (a *App) changeHoldsOnce(ctx context.Context, env config.Environment, c changing) (ledger.Holds, []ledger.Overtaken, error) {
	group := a.holdsOf(env)
	draft, err := a.ledger(env).Draft(ctx, group)
	if err != nil {
		return nil, nil, err
	}
	book, err := draft.Book(ctx)
	if err != nil {
		return nil, nil, err
	}
	holds, unreadable := book.Holds(env.Name)
	changes := c.change(holds)
	was := holds
	if unreadable != nil {
		was = nil // so that all of what changes is written again
	}
	if unreadable != nil && len(changes) == 0 {
		return nil, nil, unreadable
	}
	if len(changes) > 0 && !c.dryRun {
		receipt, err := draft.Hold(ctx, group, was, changes, ledger.Why{Message: c.why.message})
		if err != nil {
			return nil, nil, fmt.Errorf("writing the holds of %s: %w", env.Name, err)
		}
		if len(receipt.Lost) > 0 {
			return nil, receipt.Lost, nil
		}
		a.record(ctx, env, heldEvents(changes, c.why)...)
	}
	maps.Copy(holds, changes)
	return holds, nil, nil
}

func heldEvents(changes ledger.Holds, why reason) []tagboat.Event {
	var events []tagboat.Event
	for _, image := range slices.Sorted(maps.Keys(changes)) {
		events = append(events, tagboat.Event{Command: why.command, Image: image, Message: why.message})
	}
	return events
}

func holdsDocument(env config.Environment, holds ledger.Holds, now time.Time) tagboat.HoldsDocument {
	document := tagboat.HoldsDocument{Environment: env.Name, Holds: []tagboat.HeldImage{}}
	for _, image := range slices.Sorted(maps.Keys(holds)) {
		if hold := holds[image].At(now); hold != nil {
			document.Holds = append(document.Holds, tagboat.HeldImage{Image: image, Hold: *hold})
		}
	}
	return document
}

// holdOn returns a hold on one of the images of a service; nil for none.
func (a *App) holdOn(c cell, images []deploy.Image) (*tagboat.Hold, error) {
	holds, err := c.book.Holds(c.env.Name)
	now := a.session(c.env).Now()
	for _, image := range images {
		if hold := holds.Of(image.Image, now); hold != nil {
			return hold, err
		}
	}
	return nil, err
}

// withHolds notes on each pin what holds it.
func (a *App) withHolds(env config.Environment, book ledger.Book, pins []tagboat.Pin) ([]tagboat.Pin, error) {
	holds, err := book.Holds(env.Name)
	now := a.session(env).Now()
	for i := range pins {
		pins[i].Hold = holds.Of(pins[i].Image, now)
	}
	return pins, err
}
