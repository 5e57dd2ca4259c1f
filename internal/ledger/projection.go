package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/wait"
)

// Projections are parameters that hold the pin of one image each, for what cannot look
// into JSON. They follow the groups: nothing is ever read from them, and the next writer
// of a group updates what fell behind. The zero value is none.
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

// Stale reports whether the projection has fallen behind the ledger.
func (p Projection) Stale() bool { return p.Value != p.Want }

// projectionsOf returns the projections of a group that holds pins, in the order of pins. A
// pin that cannot be written in their form has none.
func (g Group) projectionsOf(pins []tagboat.Pin, found map[string]Parameter) []Projection {
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
		return tagboat.Usagef("parameter %s has %q, which is not a version of image %s, and would be overwritten by its projection", p.Name, p.Value, image).WithHint(hint)
	}
	return nil
}

// ReadProjections returns how the projections of a book's groups are, with one Get for all.
func (l *Ledger) ReadProjections(ctx context.Context, book Book) ([]Projection, error) {
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
		all = append(all, e.Group.projectionsOf(e.Pins, found)...)
	}
	return all, nil
}

func (g Group) projectionNames() []string {
	names := slices.Concat(slices.Collect(maps.Values(g.Projections.Parameters))...)
	slices.Sort(names)
	return names
}

// projector brings the projections of groups up to date.
//
// Each writer of a group writes its projections after the group, and reads both again
// after that, until they agree. The last one to write a projection has thus seen the
// group as it was after that write; who changes the group later writes the projection
// later. A writer that died, or a read that was behind, leaves what the next one repairs.
type projector struct {
	store  Store
	groups []Group
	newest map[string]Parameter // the newest that was seen of each
}

// readBehind is how long a read is given to see what was written.
const readBehind = 50 * time.Millisecond

// see notes what was read, unless a newer version is known.
func (p *projector) see(found map[string]Parameter) {
	for name, parameter := range found {
		if parameter.Version >= p.newest[name].Version {
			p.newest[name] = parameter
		}
	}
}

// run makes no call where nothing has fallen behind.
func (p *projector) run(ctx context.Context) error {
	for range patience {
		stale, err := p.stale()
		if err != nil || len(stale) == 0 {
			return err
		}
		for _, s := range stale {
			if err := p.put(ctx, s); err != nil {
				return err
			}
		}
		found, err := p.store.Get(ctx, p.names())
		if err != nil {
			return fmt.Errorf("reading the projections again: %w", err)
		}
		p.see(found)
	}
	return tagboat.Errorf(tagboat.Internal, "the projections change too often").WithHint("find out who else writes them")
}

func (p *projector) stale() ([]Projection, error) {
	var stale []Projection
	for _, g := range p.groups {
		v, err := valuesOf(p.newest[g.Parameter])
		if err != nil {
			return nil, err
		}
		pins, err := g.pins(v, 0)
		if err != nil {
			return nil, err
		}
		for _, projection := range g.projectionsOf(pins, p.newest) {
			if projection.Stale() {
				stale = append(stale, projection)
			}
		}
	}
	return stale, nil
}

func (p *projector) put(ctx context.Context, s Projection) error {
	version, err := p.store.Put(ctx, Put{
		Name: s.Parameter, Value: s.Want, Overwrite: p.newest[s.Parameter].Version > 0,
		Description: "follows the pin of " + string(s.Image) + "; tagboat writes it",
	})
	switch {
	case errors.Is(err, ErrExists), errors.Is(err, ErrUnknown):
		return wait.For(ctx, readBehind) // it is read again now
	case errors.Is(err, ErrThrottled):
		return waitATurn(ctx, 0)
	}
	if err != nil {
		return fmt.Errorf("writing the projection %s: %w", s.Parameter, err)
	}
	p.see(map[string]Parameter{s.Parameter: {Name: s.Parameter, Value: s.Want, Version: version}})
	return nil
}

func (p *projector) names() []string {
	all := names(p.groups)
	for _, g := range p.groups {
		all = append(all, g.projectionNames()...)
	}
	return all
}

// project brings the projections of groups up to date that are as receipts say, and were
// found before.
func (l *Ledger) project(ctx context.Context, changes []Change, receipts []Receipt, found map[string]Parameter) error {
	p := &projector{store: l.Store, newest: map[string]Parameter{}}
	p.see(found)
	for i, receipt := range receipts {
		g := changes[i].Group
		if len(g.Projections.Parameters) == 0 {
			continue
		}
		p.groups = append(p.groups, g)
		p.see(map[string]Parameter{g.Parameter: {Name: g.Parameter, Value: receipt.Value, Version: receipt.Version}})
	}
	if err := p.run(ctx); err != nil {
		return tagboat.Errorf(tagboat.Internal, "the pins are written, and their projections are not; the same command writes them: %w", err)
	}
	return nil
}
