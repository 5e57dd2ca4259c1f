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
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

var _ catalog.Holds = (*Holds)(nil)

// mayPin returns an error where automation must not pin a version: the image is held, or the
// version was rejected.
func (h *Holds) mayPin(env config.Environment, holds ledger.Holds, image tagboat.ImageName, version tagboat.Reference) error {
	return h.may("pin", env, holds, image, version)
}

// MayDeploy returns an error of kind Blocked where automation must leave a service alone that
// runs these images: one of them is held, or all of the environment, or a version of them was
// rejected.
func (h *Holds) MayDeploy(env config.Environment, book ledger.Book, images []deploy.Image) error {
	holds, err := book.Holds(env.Name)
	if err != nil {
		return err
	}
	return h.mayAll("deploy", env, holds, images)
}

// AcceptRevision takes back the rejection of a revision that a person deployed.
func (h *Holds) AcceptRevision(ctx context.Context, env config.Environment, service tagboat.ServiceName, revision string) error {
	_, err := h.change(ctx, env, holdsChange{by: history.Origin{Command: "unhold", Message: "deployed by hand"}, change: func(now ledger.Holds) ledger.Holds {
		name := ledger.OfService(service)
		return ledger.Holds{name: now[name].AcceptRevision(revision)}
	}})
	return err
}

// MayRollBack is MayDeploy for going back, which leaves what was rejected.
func (h *Holds) MayRollBack(env config.Environment, book ledger.Book, images []deploy.Image) error {
	all, err := book.Holds(env.Name)
	if err != nil {
		return err
	}
	holds := ledger.Holds{}
	for image, held := range all {
		holds[image] = ledger.ImageHold{Hold: held.Hold}
	}
	return h.mayAll("roll back", env, holds, images)
}

// MayTag returns an error of kind Blocked where automation must not put tags on a version of
// an image: those that a stage writes say what is pinned in its environments, and one of
// these is held, or the version was rejected there.
func (h *Holds) MayTag(ctx context.Context, image tagboat.ImageName, version tagboat.Reference, tags []string) error {
	var failed []error
	whose := h.Fleet.Config.WhoseTag(image)
	for _, env := range h.Fleet.Config.SortedEnvironments() {
		at := slices.IndexFunc(tags, func(tag string) bool { return whose(tag) == env.Stage })
		if at < 0 {
			continue
		}
		if err := h.Thawed(ctx); err != nil {
			return err
		}
		holds, err := h.now(ctx, env)
		if err == nil {
			err = h.may("move the tag "+tags[at]+" of", env, holds, image, version)
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func (h *Holds) mayAll(do string, env config.Environment, holds ledger.Holds, images []deploy.Image) error {
	if len(images) == 0 {
		return h.may(do, env, holds, ledger.AllImages, tagboat.Reference{})
	}
	for _, image := range images {
		if err := h.may(do, env, holds, image.Image, image.Pinned); err != nil {
			return err
		}
	}
	return nil
}

// may returns an error where automation must not do something with a version of an image.
func (h *Holds) may(do string, env config.Environment, holds ledger.Holds, image tagboat.ImageName, version tagboat.Reference) error {
	if hold := holds.Of(image, h.Access.Session(env).Now()); hold != nil {
		return held(env, image, hold).
			WithHint("a person can %s it, without --automation; to lift the hold: %s", do, unhold(env, image))
	}
	if holds[image].Rejects(version.Digest) {
		return tagboat.Errorf(tagboat.Blocked, "%s of image %s was rejected in %s by a rollback", version.Readable(), image, env.Name).
			WithHint("where it is good after all, a person can %s it, without --automation", do)
	}
	return nil
}

// held is the error of what automation must not change.
func held(env config.Environment, image tagboat.ImageName, hold *tagboat.Hold) *tagboat.Error {
	if image == ledger.AllImages {
		return tagboat.Errorf(tagboat.Blocked, "all of %s is held%s", env.Name, describe(hold))
	}
	return tagboat.Errorf(tagboat.Blocked, "image %s is held in %s%s", image, env.Name, describe(hold))
}

// unhold is the command that lifts a hold.
func unhold(env config.Environment, image tagboat.ImageName) string {
	if image == ledger.AllImages {
		return "tagboat unhold --env " + string(env.Name)
	}
	return fmt.Sprintf("tagboat unhold --env %s %s", env.Name, image)
}

// mayLift returns an error where automation would lift or replace a hold: that is for people.
func (h *Holds) mayLift(env config.Environment, images []tagboat.ImageName) func(now ledger.Holds) error {
	return func(now ledger.Holds) error {
		var failed []error
		for _, image := range slices.Sorted(maps.Keys(now)) {
			hold := now[image].At(h.Access.Session(env).Now())
			if hold != nil && (len(images) == 0 || slices.Contains(images, image)) {
				failed = append(failed, held(env, image, hold).
					WithHint("automation neither lifts nor replaces a hold; a person can: %s", unhold(env, image)))
			}
		}
		return errors.Join(failed...)
	}
}

// mayTouch checks who holds what: automation stops there, and a person is informed.
func (h *Holds) mayTouch(ctx context.Context, a admission) error {
	holds, err := a.book.Holds(a.env.Name)
	if err != nil {
		return err
	}
	var failed []error
	for _, image := range slices.Sorted(maps.Keys(a.picks)) {
		f := a.picks[image]
		if !a.changes(image) {
			continue
		}
		if a.automation {
			if err := h.Thawed(ctx); err != nil {
				return err
			}
			failed = append(failed, h.mayPin(a.env, holds, image, f.Version.Reference))
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
			WithHint("if it is good after all, pin it again: tagboat pin %s --env %s", words(changes), env.Name)
	}
	return err
}

func words(changes ledger.Holds) string {
	return strings.Join(texts(slices.Sorted(maps.Keys(changes))), " ")
}

// yields looks at holds and rejections again after automation pinned: where one came
// meanwhile, the image goes back to what it was, unless somebody else pinned it since. The
// error is of kind Blocked then.
func (h *Holds) yields(ctx context.Context, env config.Environment, w Outcome) error {
	if len(w.writes) == 0 {
		return nil
	}
	holds, err := h.now(ctx, env)
	if err != nil {
		return tagboat.Errorf(tagboat.Internal, "the pins stand, and whether they are held by now is not known: %w", err).WithHint("%s", tagboat.HintOf(err))
	}
	var failed []error
	for _, m := range w.writes {
		held := h.mayPin(env, holds, m.Image, m.Reference())
		if held == nil {
			continue
		}
		failed = append(failed, h.takeBack(ctx, env, m, held))
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

// WriteAs is Write; as automation, of versions that are neither held nor rejected, and only
// where nobody pinned or held the images meanwhile.
func (h *Holds) WriteAs(ctx context.Context, automation bool, env config.Environment, pins map[tagboat.ImageName]tagboat.Reference, by history.Origin, dryRun bool) (Outcome, error) {
	if !automation {
		return h.Write(ctx, env, pins, by, dryRun)
	}
	d, err := h.draft(ctx, env, slices.Collect(maps.Keys(pins)))
	if err != nil {
		return Outcome{}, err
	}
	book, err := d.Book(ctx)
	if err != nil {
		return Outcome{}, err
	}
	holds, err := book.Holds(env.Name)
	if err != nil {
		return Outcome{}, err
	}
	want, failed := request{pins: pins, conditional: map[tagboat.ImageName]bool{}}, []error(nil)
	for _, image := range slices.Sorted(maps.Keys(pins)) {
		want.conditional[image] = true
		if pin, ok := book.Pin(env.Name, image); !ok || !pin.Pins(pins[image]) {
			if err := h.Thawed(ctx); err != nil {
				return Outcome{}, err
			}
			failed = append(failed, h.mayPin(env, holds, image, pins[image]))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return Outcome{}, err
	}
	out, err := h.writeOn(ctx, d, env, want, by, dryRun)
	if err == nil && !dryRun {
		err = stands(out, errors.Join(losers(env, out.lost, pins), h.yields(ctx, env, out)))
	}
	return out, err
}

// losers returns an error of kind Blocked for what was conditional and did not count.
func losers(env config.Environment, lost []ledger.Conflict, wanted map[tagboat.ImageName]tagboat.Reference) error {
	var failed []error
	for _, o := range lost {
		failed = append(failed, tagboat.Errorf(tagboat.Blocked, "image %s was pinned to %s by %s meanwhile%s, which %s in %s does not take the place of: that was chosen before",
			o.Image, o.Is.Readable(), cmp.Or(o.By, "somebody"), because(o.Message), wanted[o.Image].Readable(), env.Name).
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
	text += " (by " + cmp.Or(hold.By, "somebody")
	if hold.Since != nil {
		text += ", since " + hold.Since.UTC().Format(time.RFC3339)
	}
	if hold.Until != nil {
		text += ", until " + hold.Until.UTC().Format(time.RFC3339)
	}
	return text + ")"
}
