package pinning

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
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// mayAutomate returns an error where automation must leave an image alone: it is held, or
// the version was rejected.
func (h *Holds) mayAutomate(env config.Environment, holds ledger.Holds, f catalog.Pick) error {
	image := f.Image.Name
	if hold := holds.Of(image, h.Access.Session(env).Now()); hold != nil {
		return tagboat.Errorf(tagboat.Blocked, "image %s is held in %s%s", image, env.Name, describe(hold)).
			WithHint("a person may pin it, without --automation; to let automation go on: tagboat unhold --env %s %s", env.Name, image)
	}
	if holds[image].Rejects(f.Version.Reference.Digest) {
		return tagboat.Errorf(tagboat.Blocked, "%s of image %s was rejected in %s by a rollback", f.Version.Reference.Readable(), image, env.Name).
			WithHint("where it is good after all, a person may pin it, without --automation")
	}
	return nil
}

// mayTouch checks who holds what: automation stops there, and a person is told.
func (h *Holds) mayTouch(ctx context.Context, a admission) error {
	holds, err := a.book.Holds(a.env.Name)
	if err != nil {
		return err
	}
	var failed []error
	for _, image := range slices.Sorted(maps.Keys(a.picks)) {
		f := a.picks[image]
		if pin, ok := a.book.Pin(a.env.Name, image); ok && pin.Pins(f.Version.Reference) {
			continue
		}
		if a.automation {
			failed = append(failed, h.mayAutomate(a.env, holds, f))
		} else if hold := holds.Of(image, h.Access.Session(a.env).Now()); hold != nil {
			operation.Tell(ctx, Held{image, a.env.Name, hold})
		}
	}
	return errors.Join(failed...)
}

// accept takes back the rejection of what a person pinned: that which was there when the
// pin was decided on, and none that came meanwhile.
func (h *Holds) accept(ctx context.Context, draft *ledger.Draft, env config.Environment, pins []tagboat.Pin) error {
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
	receipt, err := draft.Accept(ctx, h.Fleet.Layout().Holds(env), holds, changes, ledger.Why{Message: "pinned by hand"})
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
func (p *Pinning) yields(ctx context.Context, env config.Environment, picks catalog.Picks, w Outcome) error {
	if len(w.writes) == 0 {
		return nil
	}
	holds, err := p.Holds.now(ctx, env)
	if err != nil {
		return tagboat.Errorf(tagboat.Internal, "the pins stand, and whether they are held by now is not known: %w", err).WithHint("%s", tagboat.HintOf(err))
	}
	var failed []error
	for _, m := range w.writes {
		held := p.Holds.mayAutomate(env, holds, picks[m.Image])
		if held == nil {
			continue
		}
		failed = append(failed, p.Holds.takeBack(ctx, env, m, held))
	}
	return errors.Join(failed...)
}

func (h *Holds) now(ctx context.Context, env config.Environment) (ledger.Holds, error) {
	book, err := h.Access.Ledger(env).Read(ctx, h.Fleet.Layout().Holds(env))
	if err != nil {
		return nil, err
	}
	return book.Holds(env.Name)
}

// takeBack takes back one pin of automation that is held.
func (h *Holds) takeBack(ctx context.Context, env config.Environment, m write, held error) error {
	receipt, err := h.Access.Ledger(env).TakeBack(ctx, m.group, m.receipt, []tagboat.ImageName{m.Image}, ledger.Why{Message: "taken back: " + held.Error()})
	if err != nil {
		return tagboat.Errorf(tagboat.Internal, "%w; it is pinned, and could not be taken back: %w", held, err).
			WithHint("pin what is to run by hand: tagboat pin %s=TAG --env %s", m.Image, env.Name)
	}
	text := "what was pinned meanwhile is taken back"
	if len(receipt.Lost) > 0 {
		text = fmt.Sprintf("it was pinned meanwhile, and %s pinned %s after that", receipt.Lost[0].By, receipt.Lost[0].Is.Readable())
	} else {
		h.Recorder.Record(ctx, env, tagboat.Event{
			Command: "pin", Image: m.Image, Message: "taken back: " + held.Error(), Parameter: m.Parameter, ParameterVersion: receipt.Wrote,
			From: tagboat.Observed{Tag: m.Tag, Digest: m.Digest}, To: tagboat.Observed{Tag: m.was.Tag, Digest: m.was.Digest},
		})
	}
	return tagboat.Errorf(tagboat.Blocked, "%w; %s", held, text).WithHint("%s", tagboat.HintOf(held))
}

// losers returns an error of kind Blocked for what was conditional and did not count.
func losers(env config.Environment, lost []ledger.Conflict, picks catalog.Picks) error {
	var failed []error
	for _, o := range lost {
		failed = append(failed, tagboat.Errorf(tagboat.Blocked, "image %s was pinned to %s by %s meanwhile%s, which %s in %s does not take the place of: that was chosen before",
			o.Image, o.Is.Readable(), cmp.Or(o.By, "somebody"), because(o.Message), picks[o.Image].Version.Reference.Readable(), env.Name).
			WithHint("to choose again: tagboat pin %s --env %s", o.Image, env.Name))
	}
	return errors.Join(failed...)
}

// describe says why something is held, by whom and how long.
func describe(hold *tagboat.Hold) string {
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
