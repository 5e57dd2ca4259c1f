package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

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

// mayTouch checks who holds what: automation stops there, and a person is told.
func (a *App) mayTouch(env config.Environment, book ledger.Book, all map[tagboat.ImageName]found, automation bool) error {
	holds, err := book.Holds(env.Name)
	if err != nil {
		return err
	}
	var failed []error
	for _, image := range slices.Sorted(maps.Keys(all)) {
		f := all[image]
		if pin, ok := book.Pin(env.Name, image); ok && pins(pin, f.version.Reference) {
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

// pins tells whether a pin is one of a version, by its tag where it has no digest.
func pins(pin tagboat.Pin, version tagboat.Reference) bool {
	if pin.Digest == "" {
		return pin.Tag == version.Tag
	}
	return pin.Digest == version.Digest
}

// accept takes back the rejection of what a person pinned: that which was there when the
// pin was decided on, and none that came meanwhile.
func (a *App) accept(ctx context.Context, draft *ledger.Draft, env config.Environment, pins []tagboat.Pin) error {
	book, err := draft.Book(ctx)
	if err != nil {
		return err
	}
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
	receipt, err := draft.Accept(ctx, a.holdsOf(env), holds, changes, ledger.Why{Message: "pinned by hand"})
	if err == nil && len(receipt.Lost) > 0 {
		err = tagboat.Errorf(tagboat.Blocked, "what is rejected in %s was changed by %s meanwhile, and stays so", env.Name, receipt.Lost[0].By).
			WithHint("where it is good after all, pin it again: tagboat pin %s --env %s", words(changes), env.Name)
	}
	return err
}

func words(changes ledger.Holds) string {
	return strings.Join(texts(slices.Sorted(maps.Keys(changes))), " ")
}

// yields looks at holds and rejections again after automation pinned: where one came
// meanwhile, the image goes back to what it was, unless somebody else pinned it since. The
// error is of kind Blocked then.
func (a *App) yields(ctx context.Context, env config.Environment, all map[tagboat.ImageName]found, w written) error {
	if len(w.made) == 0 {
		return nil
	}
	holds, err := a.heldNow(ctx, env)
	if err != nil {
		return tagboat.Errorf(tagboat.Internal, "the pins stand, and whether they are held by now is not known: %w", err).WithHint("%s", hintOf(err))
	}
	var failed []error
	for _, m := range w.made {
		held := a.mayAutomate(env, holds, all[m.Image])
		if held == nil {
			continue
		}
		failed = append(failed, a.takeBack(ctx, env, m, held))
	}
	return errors.Join(failed...)
}

func (a *App) heldNow(ctx context.Context, env config.Environment) (ledger.Holds, error) {
	book, err := a.ledger(env).Read(ctx, a.holdsOf(env))
	if err != nil {
		return nil, err
	}
	return book.Holds(env.Name)
}

// takeBack takes back one pin of automation that is held.
func (a *App) takeBack(ctx context.Context, env config.Environment, m made, held error) error {
	receipt, err := a.ledger(env).TakeBack(ctx, m.group, m.receipt, []tagboat.ImageName{m.Image}, ledger.Why{Message: "taken back: " + held.Error()})
	if err != nil {
		return tagboat.Errorf(tagboat.Internal, "%w; it is pinned, and could not be taken back: %w", held, err).
			WithHint("pin what is to run by hand: tagboat pin %s=TAG --env %s", m.Image, env.Name)
	}
	text := "what was pinned meanwhile is taken back"
	if len(receipt.Lost) > 0 {
		text = fmt.Sprintf("it was pinned meanwhile, and %s pinned %s after that", receipt.Lost[0].By, orNothing(receipt.Lost[0].Is))
	} else {
		a.record(ctx, env, tagboat.Event{
			Command: "pin", Image: m.Image, Message: "taken back: " + held.Error(), Parameter: m.Parameter, ParameterVersion: receipt.Wrote,
			From: tagboat.Observed{Tag: m.Tag, Digest: m.Digest}, To: tagboat.Observed{Tag: m.was.Tag, Digest: m.was.Digest},
		})
	}
	return tagboat.Errorf(tagboat.Blocked, "%w; %s", held, text).WithHint("%s", hintOf(held))
}

// losers returns an error of kind Blocked for what was conditional and did not count.
func losers(env config.Environment, lost []ledger.Overtaken, all map[tagboat.ImageName]found) error {
	var failed []error
	for _, o := range lost {
		failed = append(failed, tagboat.Errorf(tagboat.Blocked, "image %s was pinned to %s by %s meanwhile%s, which %s in %s does not take the place of: that was chosen before",
			o.Image, orNothing(o.Is), cmp.Or(o.By, "somebody"), becauseOf(o.Message), readable(all[o.Image].version.Reference), env.Name).
			WithHint("to choose again: tagboat pin %s --env %s", o.Image, env.Name))
	}
	return errors.Join(failed...)
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
