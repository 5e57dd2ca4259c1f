package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tagboat/tagboat"
)

// projector brings the projections of groups up to date.
//
// Each writer of a group writes its projections after the group, and reads both again
// after that, until they agree. The last one to write a projection has thus seen the
// group as it was after that write; who changes the group later writes the projection
// later. A writer that died, or a read that was behind, leaves what the next one repairs.
type projector struct {
	store  Store
	groups []Group
	known  map[string]Parameter // the newest that was seen of each
}

// readBehind is how long a read is given to see what was written.
const readBehind = 50 * time.Millisecond

// see notes what was read, unless a newer version is known.
func (p *projector) see(found map[string]Parameter) {
	for name, parameter := range found {
		if parameter.Version >= p.known[name].Version {
			p.known[name] = parameter
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
		v, err := valuesOf(p.known[g.Parameter])
		if err != nil {
			return nil, err
		}
		pins, err := g.pins(v, 0)
		if err != nil {
			return nil, err
		}
		for _, projection := range g.projected(pins, p.known) {
			if projection.Stale() {
				stale = append(stale, projection)
			}
		}
	}
	return stale, nil
}

func (p *projector) put(ctx context.Context, s Projection) error {
	version, err := p.store.Put(ctx, Put{
		Name: s.Parameter, Value: s.Want, Overwrite: p.known[s.Parameter].Version > 0,
		Description: "follows the pin of " + string(s.Image) + "; tagboat writes it",
	})
	switch {
	case errors.Is(err, ErrExists), errors.Is(err, ErrUnknown):
		return sleep(ctx, readBehind) // it is read again now
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
	p := &projector{store: l.Store, known: map[string]Parameter{}}
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
