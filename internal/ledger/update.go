package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
)

// Update pins the given references and returns when they are safe: no other writer
// that keeps to the protocol can lose them. It leaves alone the keys of the parameter that
// are not the group's. Uncontended it takes two calls of the Store. What cannot be written is
// an error of kind Usage, and then nothing is written.
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
func (w *writer) wants(want values) { w.request, w.want = want, maps.Clone(want) }

// preview returns the receipt that Update would give now, and writes nothing. It checks
// what Update checks before it writes.
func (l *Ledger) preview(ctx context.Context, g Group, changes map[tagboat.ImageName]tagboat.Reference, why Why) (Receipt, error) {
	want, err := g.encode(changes)
	if err != nil {
		return Receipt{}, err
	}
	w := l.writer(g)
	w.wants(want)
	w.why = why
	v, _, err := w.newest(ctx)
	if err != nil {
		return Receipt{}, err
	}
	next := v.with(want)
	if err := g.checkSize(next); err != nil {
		return Receipt{}, err
	}
	r, err := w.receipt(next, w.head, !maps.Equal(v, next))
	r.was = w.outcomeOver(v).was
	return r, err
}

// TakeBack brings images back to what they were before an update, as far as they are still
// what the update wrote. What another writer set meanwhile stays; the receipt lists it as lost.
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

// Change is what to pin in one group.
type Change struct {
	Group Group
	Pins  map[tagboat.ImageName]tagboat.Reference
	// Conditional are those of Pins that count only if the image still is what the draft had:
	// what a rule chose, and everything that automation does. The others replace whatever
	// there is.
	Conditional map[tagboat.ImageName]bool
}

// Draft is what was read of groups, to decide by and to write upon. It is for one
// goroutine, and for one Update: what others write meanwhile is not in it, and not lost.
type Draft struct {
	ledger     *Ledger
	groups     []Group
	parameters map[string]Parameter
	book       *Book
}

// Draft reads groups and their projections with one Get.
func (l *Ledger) Draft(ctx context.Context, groups ...Group) (*Draft, error) {
	wanted := names(groups)
	for _, g := range groups {
		wanted = append(wanted, g.projectionNames()...)
	}
	found, err := l.Store.Get(ctx, wanted)
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	return &Draft{ledger: l, groups: groups, parameters: found}, nil
}

// DraftOn is Draft of what a book has read, without a call; nil where it has not read all that a
// draft of the groups has, or could not.
func (l *Ledger) DraftOn(b Book, groups ...Group) *Draft {
	sub := Book{}
	for _, g := range groups {
		i := slices.IndexFunc(b.Entries, func(e Entry) bool { return e.Group.Parameter == g.Parameter && e.Group.Environment == g.Environment })
		if i < 0 || b.parameters == nil || b.Entries[i].Err != nil || len(g.projectionNames()) > 0 {
			return nil
		}
		sub.Entries = append(sub.Entries, b.Entries[i])
	}
	return &Draft{ledger: l, groups: groups, parameters: b.parameters, book: &sub}
}

// Book is Ledger.Read of the draft.
func (d *Draft) Book(ctx context.Context) (Book, error) {
	if d.book != nil {
		return *d.book, nil
	}
	book, err := strict(d.ledger.book(ctx, d.groups, d.parameters), nil)
	if err == nil {
		d.book = &book
	}
	return book, err
}

// read returns what a group holds by the book of the draft; nil where that was not read.
func (d *Draft) read(g Group) values {
	if d.book == nil {
		return nil
	}
	for _, e := range d.book.Entries {
		if e.Group.Parameter == g.Parameter {
			return e.values
		}
	}
	return nil
}

// Update is Ledger.Update of several of the groups, each of another parameter, in their
// order, and brings their projections up to date. What cannot be written to one of them is
// found before the first write. Where a write fails, the receipts are those of the groups
// that are done; doing it all again does the rest.
func (d *Draft) Update(ctx context.Context, changes []Change, why Why) ([]Receipt, error) {
	if _, err := d.Preview(ctx, changes, why); err != nil {
		return nil, err
	}
	var done []Receipt
	ahead := d.ledger.ahead(d.parameters)
	for _, c := range changes {
		receipt, err := ahead.change(ctx, c, d.read(c.Group), why)
		if err != nil {
			return done, errUnfinished(err, c.Group, len(done), len(changes))
		}
		done = append(done, receipt)
	}
	return done, d.ledger.project(ctx, changes, done, d.parameters)
}

// Preview returns the receipts that Update would give now, and writes nothing.
func (d *Draft) Preview(ctx context.Context, changes []Change, why Why) ([]Receipt, error) {
	var receipts []Receipt
	ahead := d.ledger.ahead(d.parameters)
	for _, c := range changes {
		if err := c.Group.checkProjections(c.Pins, d.parameters); err != nil {
			return nil, err
		}
		receipt, err := ahead.preview(ctx, c.Group, c.Pins, why)
		if err != nil {
			return nil, err
		}
		receipts = append(receipts, receipt)
	}
	return receipts, nil
}

// errUnfinished says how far several groups got.
func errUnfinished(err error, g Group, done, of int) error {
	if of == 1 {
		return err
	}
	e := tagboat.Errorf(tagboat.KindOf(err), "%d of %d groups are written, and the same command does the rest; group %s: %w", done, of, g.Name, err)
	if done > 0 && e.Kind == tagboat.Usage {
		e.Kind = tagboat.Internal
	}
	return hintOf(err, e)
}

// ahead returns l with the first read of each parameter answered by found.
func (l *Ledger) ahead(found map[string]Parameter) *Ledger {
	ahead := *l
	ahead.Store = &readAhead{Store: l.Store, parameters: found, served: map[string]bool{}}
	return &ahead
}

// readAhead is a Store that answers the first Get of each parameter from what was read
// before. It is for one goroutine.
type readAhead struct {
	Store
	parameters map[string]Parameter
	served     map[string]bool
}

var _ Store = (*readAhead)(nil)

// Get implements Store.
func (s *readAhead) Get(ctx context.Context, names []string) (map[string]Parameter, error) {
	if len(names) != 1 || s.served[names[0]] {
		return s.Store.Get(ctx, names)
	}
	s.served[names[0]] = true
	if p, ok := s.parameters[names[0]]; ok {
		return map[string]Parameter{names[0]: p}, nil
	}
	return nil, nil
}
