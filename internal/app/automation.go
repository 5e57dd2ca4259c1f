package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	_, err = a.ledger(env).Hold(ctx, a.holdsOf(env), holds, changes, ledger.Why{Message: "pinned by hand"})
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
