package ledger

import (
	"context"
	"fmt"

	"github.com/tagboat/tagboat"
)

// Change is what to pin in one group.
type Change struct {
	Group Group
	Pins  map[tagboat.ImageName]tagboat.Reference
}

// UpdateAll is Update of several groups, each of another parameter, in their order, and
// brings their projections up to date. What cannot be written to one of them is found
// before the first write, with one read for all. Where a write fails, the receipts are
// those of the groups that are done; repeating the call does the rest.
func (l *Ledger) UpdateAll(ctx context.Context, changes []Change, why Why) ([]Receipt, error) {
	found, err := l.find(ctx, changes)
	if err != nil {
		return nil, err
	}
	if _, err := l.preview(ctx, found, changes, why); err != nil {
		return nil, err
	}
	var done []Receipt
	ahead := l.ahead(found)
	for _, c := range changes {
		receipt, err := ahead.Update(ctx, c.Group, c.Pins, why)
		if err != nil {
			return done, unfinished(err, c.Group, len(done), len(changes))
		}
		done = append(done, receipt)
	}
	return done, l.project(ctx, changes, done, found)
}

// PreviewAll returns the receipts that UpdateAll would give now, and writes nothing.
func (l *Ledger) PreviewAll(ctx context.Context, changes []Change, why Why) ([]Receipt, error) {
	found, err := l.find(ctx, changes)
	if err != nil {
		return nil, err
	}
	return l.preview(ctx, found, changes, why)
}

// find reads the parameters of changes and their projections with one Get, once all of
// them can be written.
func (l *Ledger) find(ctx context.Context, changes []Change) (map[string]Parameter, error) {
	var groups []Group
	for _, c := range changes {
		if _, err := c.Group.encode(c.Pins); err != nil {
			return nil, err
		}
		groups = append(groups, c.Group)
	}
	wanted := names(groups)
	for _, g := range groups {
		wanted = append(wanted, g.projectionNames()...)
	}
	found, err := l.Store.Get(ctx, wanted)
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	return found, nil
}

func (l *Ledger) preview(ctx context.Context, found map[string]Parameter, changes []Change, why Why) ([]Receipt, error) {
	var receipts []Receipt
	ahead := l.ahead(found)
	for _, c := range changes {
		if err := c.Group.checkProjections(c.Pins, found); err != nil {
			return nil, err
		}
		receipt, err := ahead.Preview(ctx, c.Group, c.Pins, why)
		if err != nil {
			return nil, err
		}
		receipts = append(receipts, receipt)
	}
	return receipts, nil
}

// unfinished says how far several groups got.
func unfinished(err error, g Group, done, of int) error {
	if of == 1 {
		return err
	}
	return fmt.Errorf("%d of %d groups are written, and the same command does the rest; group %s: %w", done, of, g.Name, err)
}

// ahead returns l with the first read of each parameter answered by found.
func (l *Ledger) ahead(found map[string]Parameter) *Ledger {
	ahead := *l
	ahead.Store = &readAhead{Store: l.Store, found: found, asked: map[string]bool{}}
	return &ahead
}

// readAhead is a Store that answers the first Get of each parameter from what was read
// before. It is for one goroutine.
type readAhead struct {
	Store
	found map[string]Parameter
	asked map[string]bool
}

var _ Store = (*readAhead)(nil)

// Get implements Store.
func (s *readAhead) Get(ctx context.Context, names []string) (map[string]Parameter, error) {
	if len(names) != 1 || s.asked[names[0]] {
		return s.Store.Get(ctx, names)
	}
	s.asked[names[0]] = true
	if p, ok := s.found[names[0]]; ok {
		return map[string]Parameter{names[0]: p}, nil
	}
	return nil, nil
}
