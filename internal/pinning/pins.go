package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Pins returns an environment's pins, with who set them, when and why.
func (a *App) Pins(ctx context.Context, name tagboat.EnvName) (tagboat.PinsDocument, error) {
	env, err := a.config.Environment(string(name))
	if err != nil {
		return tagboat.PinsDocument{}, err
	}
	book, err := a.ledger(env).Audit(ctx, a.groups(env)...)
	if err != nil {
		return tagboat.PinsDocument{}, err
	}
	held, err := a.ledger(env).Read(ctx, a.holdsOf(env))
	if err != nil {
		return tagboat.PinsDocument{}, err
	}
	pins, err := a.withHolds(env, held, book.Pins(env.Name))
	if err != nil {
		return tagboat.PinsDocument{}, err
	}
	document := tagboat.PinsDocument{Environment: env.Name, Pins: some(pins)}
	for _, entry := range book.Entries {
		if entry.Torn {
			a.notice("a writer died before it was done, and an update is missing from " + entry.Group.Parameter + "; the next pin brings it back")
		}
		if entry.Uncertain {
			a.tellUncertain(entry.Group.Parameter)
		}
		document.Overwritten = append(document.Overwritten, entry.Overwritten...)
	}
	for _, o := range document.Overwritten {
		a.notice(fmt.Sprintf("%s was pinned to %s by %s, and %s overwrote that at %s; to bring it back: tagboat pins --env %s --restore %s",
			o.Image, readable(o.Reference()), o.SetBy, o.OverwrittenBy, o.OverwrittenAt.UTC().Format(time.RFC3339), env.Name, o.Image))
	}
	document.Projections, err = a.projected(ctx, env, book)
	return document, err
}

// Restore pins again what somebody overwrote who does not keep to the protocol: of the
// images given, or of all. Of a dry run it says what that would come to.
func (a *App) Restore(ctx context.Context, name tagboat.EnvName, images []tagboat.ImageName, message string, dryRun bool) (PinResult, error) {
	env, err := a.config.Environment(string(name))
	if err != nil {
		return PinResult{}, err
	}
	for _, image := range images {
		if _, err := a.config.Image(string(image)); err != nil {
			return PinResult{}, err
		}
	}
	book, err := a.ledger(env).Audit(ctx, a.groups(env)...)
	if err != nil {
		return PinResult{}, err
	}
	lost := map[tagboat.ImageName]tagboat.Reference{}
	for _, entry := range book.Entries {
		for _, o := range entry.Overwritten {
			if len(images) == 0 || slices.Contains(images, o.Image) {
				lost[o.Image] = o.Reference()
			}
		}
	}
	document := tagboat.PinsDocument{Environment: env.Name, Pins: []tagboat.Pin{}}
	if len(lost) == 0 {
		return PinResult{Document: document}, nil
	}
	written, err := a.writePins(ctx, env, lost, reason{"restore", cmp.Or(message, "restored")}, dryRun)
	if err != nil {
		return PinResult{}, err
	}
	document.Pins = some(written.pins)
	result := PinResult{Document: document, Changed: written.changed}
	if dryRun {
		return result, nil
	}
	return result, a.keepTags(ctx, env, written.pins)
}

// books reads the pins of all given environments: one call for ten parameters in each
// account and region.
func (a *App) books(ctx context.Context, environments []config.Environment) (map[tagboat.EnvName]ledger.Book, error) {
	byPlace := map[cloud.Place][]config.Environment{}
	for _, env := range environments {
		byPlace[place(env)] = append(byPlace[place(env)], env)
	}
	read := make(chan ledger.Book, len(byPlace))
	group, ctx := errgroup.WithContext(ctx)
	for _, there := range byPlace {
		var groups []ledger.Group
		for _, env := range there {
			groups = append(groups, a.kept(env)...)
		}
		ledger := a.ledger(there[0])
		group.Go(func() error {
			book, err := ledger.Read(ctx, groups...)
			read <- book
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	close(read)
	books := map[tagboat.EnvName]ledger.Book{}
	for book := range read {
		for _, entry := range book.Entries {
			if entry.Uncertain {
				a.tellUncertain(entry.Group.Parameter)
			}
			books[entry.Group.Environment] = book
		}
	}
	return books, nil
}
