package pinning

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// Holds are what automation leaves alone.
type Holds struct {
	*Writer
	Freezer Freezer
}

// HoldRequest says what automation is to leave alone, or no longer.
type HoldRequest struct {
	Environment tagboat.EnvName
	Images      []tagboat.ImageName // none for the whole environment
	Until       access.When         // the zero value for no end
	Message     string
	Automation  bool // no person asks: a hold that is there stays
	DryRun      bool // tell what would be held, and write nothing
}

// Hold stops automation from changing the pins of images.
func (h *Holds) Hold(ctx context.Context, r HoldRequest) (tagboat.HoldsDocument, error) {
	env, err := h.holdable(r)
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	hold, err := newHold(ctx, h.Access.Session(env), r)
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	if len(r.Images) == 0 {
		r.Images = []tagboat.ImageName{ledger.AllImages}
	}
	return h.change(ctx, env, h.holdsChange(env, r, "hold", r.Images, func(now ledger.Holds) ledger.Holds {
		changes := ledger.Holds{}
		for _, image := range r.Images {
			held := now[image]
			held.Hold = hold
			changes[image] = held
		}
		return changes
	}))
}

// Unhold lets automation go on: with the images given, or with all of the environment.
// What a rollback rejected stays rejected, until somebody pins it by hand.
func (h *Holds) Unhold(ctx context.Context, r HoldRequest) (tagboat.HoldsDocument, error) {
	env, err := h.holdable(r)
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	return h.change(ctx, env, h.holdsChange(env, r, "unhold", r.Images, func(now ledger.Holds) ledger.Holds {
		changes := ledger.Holds{}
		for image, held := range now {
			if held.Hold != nil && (len(r.Images) == 0 || slices.Contains(r.Images, image)) {
				held.Hold = nil
				changes[image] = held
			}
		}
		if len(r.Images) > 0 && now[ledger.AllImages].Hold != nil {
			operation.Tell(ctx, AllHeld{env.Name})
		}
		return changes
	}))
}

// holdable returns the environment, where all that was asked for exists.
func (h *Holds) holdable(r HoldRequest) (config.Environment, error) {
	env, err := h.Fleet.Config.Environment(string(r.Environment))
	for _, image := range r.Images {
		if _, unknown := h.Fleet.Config.Image(string(image)); err == nil {
			err = unknown
		}
	}
	return env, err
}

// newHold says who holds, from when and until when.
func newHold(ctx context.Context, session *cloud.Session, r HoldRequest) (*tagboat.Hold, error) {
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

// holdsChange is a change of holds.
type holdsChange struct {
	by     history.Origin
	dryRun bool
	// again says that a change which others came before is made again upon theirs. Else it is
	// given up: what it was to change is not there any more.
	again  bool
	change func(now ledger.Holds) ledger.Holds
	may    func(now ledger.Holds) error // decides whether it may be made; nil where it may
}

// holdsChange returns the change that a command asks for.
func (h *Holds) holdsChange(env config.Environment, r HoldRequest, command string, images []tagboat.ImageName, change func(ledger.Holds) ledger.Holds) holdsChange {
	c := holdsChange{by: history.Origin{Command: command, Message: r.Message}, dryRun: r.DryRun, again: command == "hold", change: change}
	if r.Automation {
		c.may = h.mayLift(env, images)
	}
	return c
}

// holdsTries is how often others may come before a change of holds.
const holdsTries = 20

// change writes the holds that a change returns for those that there are. A change
// counts only for what nobody else changed meanwhile.
func (h *Holds) change(ctx context.Context, env config.Environment, c holdsChange) (tagboat.HoldsDocument, error) {
	for range holdsTries {
		holds, lost, err := h.changeOnce(ctx, env, c)
		switch {
		case err != nil:
			return tagboat.HoldsDocument{}, err
		case len(lost) == 0:
			return holdsDocument(env, holds, h.Access.Session(env).Now()), nil
		case !c.again:
			return tagboat.HoldsDocument{}, tagboat.Errorf(tagboat.Blocked, "the hold on %s in %s was changed by %s meanwhile, and stays", lost[0].Image, env.Name, lost[0].By).
				WithHint("tagboat pins --env %s shows it; where it is to go as well, run the command again", env.Name)
		}
	}
	return tagboat.HoldsDocument{}, tagboat.Errorf(tagboat.Internal, "the holds of %s change too often", env.Name).WithHint("run the command again")
}

func (h *Holds) changeOnce(ctx context.Context, env config.Environment, c holdsChange) (ledger.Holds, []ledger.Conflict, error) {
	group := h.Fleet.Layout().Holds(env)
	draft, err := h.Access.Ledger(env).Draft(ctx, group)
	if err != nil {
		return nil, nil, err
	}
	book, err := draft.Book(ctx)
	if err != nil {
		return nil, nil, err
	}
	holds, unreadable := book.Holds(env.Name)
	if c.may != nil {
		if err := c.may(holds); err != nil {
			return nil, nil, err
		}
	}
	changes := c.change(holds)
	was := holds
	if unreadable != nil {
		was = nil // so that all of what changes is written again
	}
	if unreadable != nil && len(changes) == 0 {
		return nil, nil, unreadable
	}
	if len(changes) > 0 && !c.dryRun {
		receipt, err := draft.Hold(ctx, group, was, changes, ledger.Why{Message: c.by.Message})
		if err != nil {
			return nil, nil, fmt.Errorf("writing the holds of %s: %w", env.Name, err)
		}
		if len(receipt.Lost) > 0 {
			return nil, receipt.Lost, nil
		}
		h.Recorder.Record(ctx, env, heldEvents(changes, c.by)...)
	}
	maps.Copy(holds, changes)
	return holds, nil, nil
}

func heldEvents(changes ledger.Holds, by history.Origin) []tagboat.Event {
	var events []tagboat.Event
	for _, image := range slices.Sorted(maps.Keys(changes)) {
		event := tagboat.Event{Command: by.Command, Image: image, Message: by.Message}
		if service, ok := ledger.Service(image); ok {
			event = tagboat.Event{Command: by.Command, Service: service, Message: by.Message, TaskDefinition: strings.Join(changes[image].Revisions, " ")}
		}
		events = append(events, event)
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

// Held returns the holds that an environment has: one call.
func (h *Holds) Held(ctx context.Context, name tagboat.EnvName) (tagboat.HoldsDocument, error) {
	env, err := h.Fleet.Config.Environment(string(name))
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	draft, err := h.Access.Ledger(env).Draft(ctx, h.Fleet.Layout().Holds(env))
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	book, err := draft.Book(ctx)
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	holds, err := book.Holds(env.Name)
	return holdsDocument(env, holds, h.Access.Session(env).Now()), err
}

// On returns a hold on one of the images of a cell; nil for none.
func (h *Holds) On(c fleet.Cell, images []deploy.Image) (*tagboat.Hold, error) {
	holds, err := c.Book().Holds(c.Env.Name)
	now := h.Access.Session(c.Env).Now()
	for _, image := range images {
		if hold := holds.Of(image.Image, now); hold != nil {
			return hold, err
		}
	}
	return nil, err
}

// with notes on each pin what holds it.
func (h *Holds) with(env config.Environment, book ledger.Book, pins []tagboat.Pin) ([]tagboat.Pin, error) {
	holds, err := book.Holds(env.Name)
	now := h.Access.Session(env).Now()
	for i := range pins {
		pins[i].Hold = holds.Of(pins[i].Image, now)
	}
	return pins, err
}
