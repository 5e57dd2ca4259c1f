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
	return l.change(ctx, Change{Group: g, Pins: changes}, nil, why)
}

// change is Update of what was decided on read; nil for what is read now.
func (l *Ledger) change(ctx context.Context, c Change, read values, why Why) (Receipt, error) {
	want, err := c.Group.encode(c.Pins)
	if err != nil {
		return Receipt{}, err
	}
	w := l.writer(c.Group)
	w.wants(want)
	w.read, w.why = read, why
	for image, is := range c.Conditional {
		w.conditional[c.Group.key(image)] = is
	}
	return w.update(ctx)
}

// wants says what the writer is to set.
func (w *writer) wants(want values) { w.asked, w.want = want, maps.Clone(want) }

// Preview returns the receipt that Update would give now, and writes nothing. It checks
// what Update checks before it writes.
func (l *Ledger) Preview(ctx context.Context, g Group, changes map[tagboat.ImageName]tagboat.Reference, why Why) (Receipt, error) {
	want, err := g.encode(changes)
	if err != nil {
		return Receipt{}, err
	}
	w := l.writer(g)
	w.wants(want)
	w.why = why
	v, _, err := w.look(ctx)
	if err != nil {
		return Receipt{}, err
	}
	next := v.with(want)
	if err := g.checkSize(next); err != nil {
		return Receipt{}, err
	}
	r, err := w.receipt(next, w.head, !maps.Equal(v, next))
	r.was = w.undisturbed(v).was
	return r, err
}

// Repair brings back what a writer that died had overwritten. Where nothing is torn it
// is one call of the Store and writes nothing.
func (l *Ledger) Repair(ctx context.Context, g Group, why Why) (Receipt, error) {
	w := l.writer(g)
	w.why = why
	return w.settle(ctx)
}

// TakeBack brings images back to what they were before an update, as far as they are still
// what the update wrote. What somebody else set meanwhile stays, and is told as lost.
func (l *Ledger) TakeBack(ctx context.Context, g Group, r Receipt, images []tagboat.ImageName, why Why) (Receipt, error) {
	now, err := parseValues(r.Value)
	if err != nil {
		return Receipt{}, err
	}
	w := l.writer(g)
	want := values{}
	for _, image := range images {
		key := g.key(image)
		was, wrote := r.was[key]
		if !wrote {
			continue
		}
		w.conditional[key] = true
		if was.there {
			want[key] = was.value
		} else {
			w.gone = append(w.gone, key)
		}
	}
	w.wants(want)
	w.read, w.why = now, why
	return w.update(ctx)
}
