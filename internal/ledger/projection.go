package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
)

// Projections are parameters that hold the pin of one image each, for what cannot look
// into JSON. They follow the groups: nothing is ever read from them, and whoever writes
// to a group next brings back what fell behind. The zero value is none.
type Projections struct {
	Parameters map[tagboat.ImageName][]string // the names of each image's
	Form       Form
}

// Projection is one of them, as it was found.
type Projection struct {
	Image     tagboat.ImageName
	Parameter string
	Value     string // "" where the parameter does not exist
	Want      string // what the ledger says
}

// Stale tells whether it has fallen behind the ledger.
func (p Projection) Stale() bool { return p.Value != p.Want }

// projected returns the projections of a group that holds pins, in the order of pins. A
// pin that cannot be written in their form has none.
func (g Group) projected(pins []tagboat.Pin, found map[string]Parameter) []Projection {
	var all []Projection
	for _, pin := range pins {
		want, err := g.Projections.Form.Encode(pin.Reference())
		if err != nil {
			continue
		}
		for _, name := range g.Projections.Parameters[pin.Image] {
			all = append(all, Projection{Image: pin.Image, Parameter: name, Value: found[name].Value, Want: want})
		}
	}
	return all
}

// checkProjections makes sure that what changes pin can be projected, and that no
// parameter of somebody else's would be overwritten.
func (g Group) checkProjections(changes map[tagboat.ImageName]tagboat.Reference, found map[string]Parameter) error {
	var failed []error
	for _, image := range slices.Sorted(maps.Keys(g.Projections.Parameters)) {
		if ref, ok := changes[image]; ok {
			if _, err := g.Projections.Form.Encode(ref); err != nil {
				failed = append(failed, fmt.Errorf("the projection of image %s: %w", image, err))
			}
		}
		for _, name := range g.Projections.Parameters[image] {
			if p, ok := found[name]; ok {
				failed = append(failed, g.checkProjection(image, p))
			}
		}
	}
	return errors.Join(failed...)
}

func (g Group) checkProjection(image tagboat.ImageName, p Parameter) error {
	const hint = "give ledger: {projections: {path: …}} in tagboat.yaml another path, or delete the parameter"
	if p.Type != "" && p.Type != "String" {
		return tagboat.Usagef("parameter %s is a %s, and the projection of image %s is a String", p.Name, p.Type, image).WithHint(hint)
	}
	ref, err := g.Projections.Form.Parse(p.Value, g.Images[image])
	if err != nil || ref.Repository != g.Images[image].Repository {
		return tagboat.Usagef("parameter %s has %q, which is no version of image %s, and would be overwritten by its projection", p.Name, p.Value, image).WithHint(hint)
	}
	return nil
}

// Projected returns how the projections of a book's groups are, with one Get for all.
func (l *Ledger) Projected(ctx context.Context, book Book) ([]Projection, error) {
	var wanted []string
	for _, e := range book.Entries {
		wanted = append(wanted, e.Group.projectionNames()...)
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	found, err := l.Store.Get(ctx, wanted)
	if err != nil {
		return nil, fmt.Errorf("reading the projections: %w", err)
	}
	var all []Projection
	for _, e := range book.Entries {
		all = append(all, e.Group.projected(e.Pins, found)...)
	}
	return all, nil
}

func (g Group) projectionNames() []string {
	names := slices.Concat(slices.Collect(maps.Values(g.Projections.Parameters))...)
	slices.Sort(names)
	return names
}
