package app

import (
	"context"

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
	book, err := a.ledger(env).Audit(ctx, a.kept(env)...)
	if err != nil {
		return tagboat.PinsDocument{}, err
	}
	pins, err := a.withHolds(env, book, book.Pins(env.Name))
	if err != nil {
		return tagboat.PinsDocument{}, err
	}
	for _, entry := range book.Entries {
		if entry.Torn {
			a.notice("a writer died before it was done, and an update is missing from " + entry.Group.Parameter + "; the next pin brings it back")
		}
	}
	projections, err := a.projected(ctx, env, book)
	return tagboat.PinsDocument{Environment: env.Name, Pins: some(pins), Projections: projections}, err
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
			books[entry.Group.Environment] = book
		}
	}
	return books, nil
}
