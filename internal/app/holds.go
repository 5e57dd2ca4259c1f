package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	return a.changeHolds(ctx, env, reason{"hold", r.Message}, func(now ledger.Holds) ledger.Holds {
		changes := ledger.Holds{}
		for _, image := range r.Images {
			held := now[image]
			held.Hold = hold
			changes[image] = held
		}
		return changes
	})
}

// Unhold lets automation go on: with the images given, or with all of the environment.
// What a rollback rejected stays rejected, until somebody pins it by hand.
func (a *App) Unhold(ctx context.Context, r HoldRequest) (tagboat.HoldsDocument, error) {
	env, err := a.holdable(r)
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	return a.changeHolds(ctx, env, reason{"unhold", r.Message}, func(now ledger.Holds) ledger.Holds {
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
	})
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
	until, err := a.moment(ctx, env, r.Until)
	if err != nil || until.IsZero() {
		return hold, err
	}
	if !until.After(now) {
		return nil, tagboat.Usagef("%s is past", until.UTC().Format(time.RFC3339)).WithHint("--until takes a time to come, or how long: 2h, 3d")
	}
	hold.Until = &until
	return hold, nil
}

// changeHolds writes the holds that change returns for those that there are.
func (a *App) changeHolds(ctx context.Context, env config.Environment, why reason, change func(now ledger.Holds) ledger.Holds) (tagboat.HoldsDocument, error) {
	group := a.holdsOf(env)
	book, err := a.ledger(env).Read(ctx, group)
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	holds, err := book.Holds(env.Name)
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	changes := change(holds)
	if len(changes) > 0 {
		if _, err := a.ledger(env).Hold(ctx, group, changes, ledger.Why{Message: why.message}); err != nil {
			return tagboat.HoldsDocument{}, fmt.Errorf("writing the holds of %s: %w", env.Name, err)
		}
		a.record(ctx, env, heldEvents(changes, why)...)
	}
	maps.Copy(holds, changes)
	return holdsDocument(env, holds, a.session(env).Now()), nil
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
		if hold := holds[image].Hold; hold != nil && (hold.Until == nil || now.Before(*hold.Until)) {
			document.Holds = append(document.Holds, tagboat.HeldImage{Image: image, Hold: *hold})
		}
	}
	return document
}

// mayAutomate returns an error where automation must leave an image alone: it is held, or
// the version was rejected.
func (a *App) mayAutomate(env config.Environment, holds ledger.Holds, f found) error {
	image := f.image.Name
	if hold := holds.Of(image, a.session(env).Now()); hold != nil {
		return tagboat.Errorf(tagboat.Blocked, "image %s is held in %s%s", image, env.Name, told(hold)).
			WithHint("a person may pin it, without --automation; to let automation go on: tagboat unhold --env %s %s", env.Name, image)
	}
	if holds[image].Rejects(f.version.Reference.Digest) {
		return tagboat.Errorf(tagboat.Blocked, "%s of image %s was rejected in %s by a rollback", readable(f.version.Reference), image, env.Name).
			WithHint("where it is good after all, a person may pin it, without --automation")
	}
	return nil
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

// reject stops automation from bringing back what a rollback takes away: it holds the
// images that change, and rejects the versions that were pinned. Where so many holds do
// not fit, all of the environment is held.
func (a *App) reject(ctx context.Context, env config.Environment, book ledger.Book, to map[tagboat.ImageName]tagboat.Reference, message string) error {
	bad := map[tagboat.ImageName]tagboat.Digest{}
	for image, ref := range to {
		if pin, ok := book.Pin(env.Name, image); ok && pin.Digest != ref.Digest {
			bad[image] = pin.Digest
		}
	}
	if len(bad) == 0 {
		return nil
	}
	hold, err := a.newHold(ctx, env, HoldRequest{Message: message})
	if err != nil {
		return err
	}
	why := reason{"hold", message}
	_, err = a.changeHolds(ctx, env, why, func(now ledger.Holds) ledger.Holds {
		changes := ledger.Holds{}
		for image, digest := range bad {
			held := now[image].Reject(digest)
			held.Hold = hold
			changes[image] = held
		}
		return changes
	})
	if tagboat.KindOf(err) == tagboat.Usage {
		_, err = a.changeHolds(ctx, env, why, func(now ledger.Holds) ledger.Holds {
			held := now[ledger.AllImages]
			held.Hold = hold
			return ledger.Holds{ledger.AllImages: held}
		})
	}
	if err == nil {
		images := strings.Join(texts(slices.Sorted(maps.Keys(bad))), " ")
		a.notice(fmt.Sprintf("automation is stopped for %s in %s; when all is well again: tagboat unhold --env %s", images, env.Name, env.Name))
	}
	return err
}

func texts(names []tagboat.ImageName) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = string(name)
	}
	return all
}

// mayTouch checks who holds what: automation stops there, and a person is told.
func (a *App) mayTouch(env config.Environment, book ledger.Book, all map[tagboat.ImageName]found, automation bool) error {
	holds, err := book.Holds(env.Name)
	if err != nil {
		return err
	}
	var failed []error
	for _, image := range slices.Sorted(maps.Keys(all)) {
		f := all[image]
		if pin, ok := book.Pin(env.Name, image); ok && pin.Digest == f.version.Reference.Digest {
			continue
		}
		if automation {
			failed = append(failed, a.mayAutomate(env, holds, f))
		} else if hold := holds.Of(image, a.session(env).Now()); hold != nil {
			a.notice(fmt.Sprintf("image %s is held in %s%s; automation goes on leaving it alone", image, env.Name, told(hold)))
		}
	}
	return errors.Join(failed...)
}

// accept takes back the rejection of what a person pinned.
func (a *App) accept(ctx context.Context, env config.Environment, book ledger.Book, pins []tagboat.Pin) error {
	holds, err := book.Holds(env.Name)
	if err != nil {
		return err
	}
	changes := ledger.Holds{}
	for _, pin := range pins {
		if held := holds[pin.Image]; held.Rejects(pin.Digest) {
			changes[pin.Image] = held.Accept(pin.Digest)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	_, err = a.ledger(env).Hold(ctx, a.holdsOf(env), changes, ledger.Why{Message: "pinned by hand"})
	return err
}

// told says why something is held, by whom and how long.
func told(hold *tagboat.Hold) string {
	text := ""
	if hold.Reason != "" {
		text += ": " + hold.Reason
	}
	text += " (by " + hold.By
	if hold.Since != nil {
		text += ", since " + hold.Since.UTC().Format(time.RFC3339)
	}
	if hold.Until != nil {
		text += ", until " + hold.Until.UTC().Format(time.RFC3339)
	}
	return text + ")"
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
