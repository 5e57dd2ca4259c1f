package ledger

import (
	"context"
	"maps"

	"github.com/tagboat/tagboat"
)

// Update pins the given references and returns when they are safe: no other writer
// that keeps to the protocol can lose them. Keys of the parameter that are none of the
// group's stay as they are. Uncontended it is two calls of the Store. What cannot be
// written is an error of kind Usage, and nothing is written then.
func (l *Ledger) Update(ctx context.Context, g Group, changes map[tagboat.ImageName]tagboat.Reference, why Why) (Receipt, error) {
	want, err := g.encode(changes)
	if err != nil {
		return Receipt{}, err
	}
	w := &writer{store: l.Store, group: g, want: want, why: why}
	return w.update(ctx)
}

// Preview returns the receipt that Update would give now, and writes nothing. It checks
// what Update checks before it writes.
func (l *Ledger) Preview(ctx context.Context, g Group, changes map[tagboat.ImageName]tagboat.Reference, why Why) (Receipt, error) {
	want, err := g.encode(changes)
	if err != nil {
		return Receipt{}, err
	}
	w := &writer{store: l.Store, group: g, want: want, why: why}
	v, _, err := w.read(ctx)
	if err != nil {
		return Receipt{}, err
	}
	next := v.with(want)
	if err := g.checkSize(next); err != nil {
		return Receipt{}, err
	}
	return w.receipt(next, w.head, !maps.Equal(v, next))
}

// Repair brings back what a writer that died had overwritten. Where nothing is torn it
// is one call of the Store and writes nothing.
func (l *Ledger) Repair(ctx context.Context, g Group, why Why) (Receipt, error) {
	w := &writer{store: l.Store, group: g, why: why}
	return w.settle(ctx)
}
