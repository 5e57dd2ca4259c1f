package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

// projections returns those of a group: where environments share its parameter, those of
// all of them.
func (a *App) projections(env config.Environment, group config.Group) ledger.Projections {
	p := ledger.Projections{Parameters: map[tagboat.ImageName][]string{}, Form: ledger.Form(a.config.Ledger.Projections.Form)}
	for _, other := range a.config.Sharing(env, group) {
		for _, image := range group.Images {
			name := a.config.ProjectionName(other, image)
			if name != "" && !slices.Contains(p.Parameters[image], name) {
				p.Parameters[image] = append(p.Parameters[image], name)
			}
		}
	}
	return p
}

// projected returns the projections of a book's pins, and tells which have fallen behind.
// It makes no call where tagboat.yaml has none.
func (a *App) projected(ctx context.Context, env config.Environment, book ledger.Book) ([]tagboat.Projection, error) {
	found, err := a.ledger(env).Projected(ctx, book)
	if err != nil {
		return nil, err
	}
	var all []tagboat.Projection
	for _, p := range found {
		all = append(all, tagboat.Projection{Image: p.Image, Parameter: p.Parameter, Value: p.Value, Stale: p.Stale()})
		if p.Stale() {
			a.notice(fmt.Sprintf("the projection %s has fallen behind the pin of %s; the next pin of the image brings it up to date", p.Parameter, p.Image))
		}
	}
	return all, nil
}
