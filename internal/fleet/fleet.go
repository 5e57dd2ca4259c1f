// Package fleet is the matrix of services and environments: what a selection of it
// chooses, which pins its environments have, and what should run in each cell. Templates
// and variables come from a Source, and what is decided here costs no call but reading the
// pins, and a family's latest revision where the task definition is somebody else's.
package fleet

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// Fleet is the matrix of a configuration.
type Fleet struct {
	Config *config.Config
	Access *access.Access
	Source Source
}

// Layout returns where the ledger keeps what of the fleet.
func (f *Fleet) Layout() Layout { return Layout{f.Config} }

// Cells returns what a selection chooses, environment by environment, with the pins.
// Everything that is wrong with the user's files is found before the first call.
func (f *Fleet) Cells(ctx context.Context, s Selection) ([]Cell, error) {
	environments, err := f.Environments(s)
	if err != nil {
		return nil, err
	}
	services, err := f.Services(s)
	if err != nil {
		return nil, err
	}
	templates, err := f.Source.Templates(services)
	if err != nil {
		return nil, err
	}
	books, err := f.Books(ctx, environments)
	if err != nil {
		return nil, err
	}
	var cells []Cell
	for _, env := range environments {
		pins := f.pins(env, books[env.Name])
		for _, service := range services {
			cells = append(cells, Cell{env, service, templates[service.Name], pins, f})
		}
	}
	return cells, nil
}

// Unpinned returns the cells of an environment, each image at a version that does not
// exist: for what does not depend on pins. It makes no call.
func (f *Fleet) Unpinned(env config.Environment, services []config.Service) ([]Cell, error) {
	templates, err := f.Source.Templates(services)
	if err != nil {
		return nil, err
	}
	pins := f.noPins()
	cells := make([]Cell, len(services))
	for i, service := range services {
		cells[i] = Cell{env, service, templates[service.Name], pins, f}
	}
	return cells, nil
}

// Books reads the pins and holds of all given environments: one call for ten parameters in
// each account and region.
func (f *Fleet) Books(ctx context.Context, environments []config.Environment) (map[tagboat.EnvName]ledger.Book, error) {
	byPlace := map[cloud.Place][]config.Environment{}
	for _, env := range environments {
		byPlace[access.Place(env)] = append(byPlace[access.Place(env)], env)
	}
	read := make(chan ledger.Book, len(byPlace))
	group, ctx := errgroup.WithContext(ctx)
	for _, there := range byPlace {
		var groups []ledger.Group
		for _, env := range there {
			groups = append(groups, f.Layout().All(env)...)
		}
		ledger := f.Access.Ledger(there[0])
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
				operation.Tell(ctx, Uncertain{entry.Group.Parameter})
			}
			books[entry.Group.Environment] = book
		}
	}
	return books, nil
}

// Pinned returns the pins of images in an environment, in the order asked for; of all
// images that are pinned, by name, where none is asked for. What is unknown or not
// pinned is an error of kind Usage. It costs one call for ten parameters.
func (f *Fleet) Pinned(ctx context.Context, name tagboat.EnvName, images []tagboat.ImageName) ([]tagboat.Pin, error) {
	environments, err := f.Environments(Selection{Environments: []tagboat.EnvName{name}})
	if err != nil {
		return nil, err
	}
	var unknown []error
	for _, image := range images {
		_, err := f.Config.Image(string(image))
		unknown = append(unknown, err)
	}
	if err := errors.Join(unknown...); err != nil {
		return nil, err
	}
	books, err := f.Books(ctx, environments)
	if err != nil {
		return nil, err
	}
	if len(images) == 0 {
		return books[name].Pins(name), nil
	}
	return chosen(books[name], name, images)
}

func chosen(book ledger.Book, env tagboat.EnvName, images []tagboat.ImageName) ([]tagboat.Pin, error) {
	pins := make([]tagboat.Pin, len(images))
	var missing []error
	for i, image := range images {
		pin, ok := book.Pin(env, image)
		if !ok {
			missing = append(missing, tagboat.Usagef("no version of the image %s is pinned in %s", image, env).
				WithHint("tagboat pin %s=TAG --env %s", image, env))
		}
		pins[i] = pin
	}
	return pins, errors.Join(missing...)
}

// Uncertain says that nobody can tell whether a parameter lacks an update.
type Uncertain struct{ Parameter string }

// String implements operation.Event.
func (u Uncertain) String() string {
	return "none of the versions of " + u.Parameter + " that are kept says what all before it came to, so that a pin may be missing from it or be older than what was pinned last; tagboat history tells what the journal knows"
}
