// Package fleet is the matrix of services and environments: what a selection of it
// chooses, which pins its environments have, and what should run in each cell. Templates
// and variables come from a Source, and what is decided here costs no call but reading the
// pins, and a family's latest revision where the task definition is somebody else's.
package fleet

import (
	"context"
	"errors"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
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
	return f.cells(s, func(environments []config.Environment) (map[tagboat.EnvName]ledger.Book, error) {
		return f.Books(ctx, environments)
	})
}

// CellsOn is Cells with pins that were read before.
func (f *Fleet) CellsOn(s Selection, books map[tagboat.EnvName]ledger.Book) ([]Cell, error) {
	return f.cells(s, func([]config.Environment) (map[tagboat.EnvName]ledger.Book, error) { return books, nil })
}

// Look is Cells for who changes nothing: what cannot be read of environments stands beside
// what can. One whose pins cannot be read at all has no cells.
func (f *Fleet) Look(ctx context.Context, s Selection) (cells []Cell, unread []Unread, err error) {
	cells, err = f.cells(s, func(environments []config.Environment) (books map[tagboat.EnvName]ledger.Book, err error) {
		books, unread, err = f.LookAtBooks(ctx, environments)
		return books, err
	})
	return cells, unread, err
}

func (f *Fleet) cells(s Selection, read func([]config.Environment) (map[tagboat.EnvName]ledger.Book, error)) ([]Cell, error) {
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
	books, err := read(environments)
	if err != nil {
		return nil, err
	}
	var cells []Cell
	all := &run{allow: s.Allow}
	for _, env := range environments {
		book, ok := books[env.Name]
		if !ok {
			continue
		}
		pins := f.pins(env, book)
		for _, service := range services {
			cells = append(cells, Cell{env, service, templates[service.Name], pins, f, all})
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
		cells[i] = Cell{env, service, templates[service.Name], pins, f, &run{}}
	}
	return cells, nil
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
