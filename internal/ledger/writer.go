package ledger

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
)

// patience is how often a write is tried again because others came between. Each of
// those times somebody else's write was a success.
const patience = 50

// writer is one run of the protocol.
type writer struct {
	store Store
	kept  int
	group Group
	id    string   // of the intention
	asked values   // what is to be set
	want  values   // of that, what has not lost yet
	gone  []string // keys to take out
	// read is what the decision was made on; nil for what the first read says.
	read values
	// conditional are the keys that are written only where they hold what read has.
	conditional map[string]bool
	together    bool // all keys count, or none
	why         Why

	head     int64           // the newest version that we know of
	on       string          // the sum of its value
	base     int64           // what the write was based on
	wrote    int64           // the version with which we wrote what we want; 0 until then
	outcome  *outcome        // of what we wrote; nil until it is known
	lost     map[string]bool // keys whose condition did not hold before we wrote
	room     bool            // there is room for a write and a repair
	once     bool            // who only repairs in passing does not wait for a turn
	tries    int
	repaired bool
	unknown  int  // answers that got lost
	touched  bool // we wrote, whatever came of it
	deleted  bool // the parameter was deleted meanwhile
	unsure   bool // nobody can tell whether updates are missing
	calls    int
}

// outcome is what came of an intention that is in the history.
type outcome struct {
	was      map[string]prior
	over     bool // it would have been over the limit, and counts for nothing
	lost     []Overtaken
	replaced []Replaced
}

// writer returns one that means nothing yet.
func (l *Ledger) writer(g Group) *writer {
	return &writer{store: l.Store, kept: l.kept(), group: g, id: newID(), want: values{}, conditional: map[string]bool{}, lost: map[string]bool{}}
}

// update writes what we want over the newest version, as long as that is whole, and settles
// it with the history else.
func (w *writer) update(ctx context.Context) (Receipt, error) {
	for ; w.tries < patience; w.tries++ {
		v, whole, err := w.look(ctx)
		if err != nil {
			return Receipt{}, err
		}
		if !whole {
			return w.settle(ctx)
		}
		w.decidedOn(v)
		if w.loses(v) {
			return w.settle(ctx) // the history says to whom
		}
		if w.has(v) {
			return w.receipt(v, w.head, false)
		}
		if err := w.ensureRoom(ctx, nil); err != nil {
			return Receipt{}, err
		}
		head, next := w.head, w.next(v)
		version, err := w.put(ctx, head, next, true)
		switch {
		case err == nil && version == head+1:
			w.outcome = w.undisturbed(v)
			return w.receipt(next, version, true)
		case err == nil, errors.Is(err, ErrExists), errors.Is(err, ErrUnknown) && w.looksAgain(ctx):
			return w.settle(ctx)
		case errors.Is(err, ErrUnknown):
			return w.find(ctx, err)
		case errors.Is(err, ErrThrottled):
			err = waitATurn(ctx, w.tries)
		}
		if err != nil {
			return Receipt{}, err
		}
	}
	return Receipt{}, errBusy(w.group.Parameter)
}

// decidedOn notes what the decision was made on, where nobody said.
func (w *writer) decidedOn(v values) {
	if w.read == nil {
		w.read = maps.Clone(v)
	}
}

// loses drops what is conditional and lost already, and reports whether there is any.
func (w *writer) loses(v values) bool {
	for key, is := range w.conditional {
		want, wanted := w.want[key]
		now, there := v[key]
		read, was := w.read[key]
		unchanged := there == was && now == read
		done := wanted && there && now == want || !wanted && !there
		if is && (wanted || slices.Contains(w.gone, key)) && !unchanged && !done {
			w.lost[key] = true
		}
	}
	if w.together && len(w.lost) > 0 {
		w.want, w.gone = values{}, nil
	}
	for key := range w.lost {
		delete(w.want, key)
		w.gone = slices.DeleteFunc(w.gone, func(gone string) bool { return gone == key })
	}
	return len(w.lost) > 0
}

// next returns v with what we want.
func (w *writer) next(v values) values {
	next := v.with(w.want)
	for _, key := range w.gone {
		delete(next, key)
	}
	return next
}

// has reports whether v is as we want it.
func (w *writer) has(v values) bool { return maps.Equal(v, w.next(v)) }

// keys returns the keys that we mean to change.
func (w *writer) keys() []string { return append(w.want.keys(), w.gone...) }

// undisturbed is what came of a write over v where nobody came between.
func (w *writer) undisturbed(v values) *outcome {
	o := &outcome{was: map[string]prior{}}
	for _, key := range w.keys() {
		value, there := v[key]
		o.was[key] = prior{value, there, -1}
	}
	o.replaced = w.replaces(o.was, nil)
	return o
}

// waitATurn waits a random time, so that many who are refused at once come back one after
// the other: as long as it takes AWS to answer about thirty of them.
func waitATurn(ctx context.Context, try int) error {
	longest := min(3*time.Second<<min(try, 4), 10*time.Second)
	return sleep(ctx, rand.N(longest))
}

// giveWay waits a random time, longer with each try, so that of many writers at once one
// comes through undisturbed.
func giveWay(ctx context.Context, try int) error {
	if try == 0 {
		return nil
	}
	longest := min(25*time.Millisecond<<min(try, 10), 3*time.Second)
	return sleep(ctx, rand.N(longest))
}

func (w *writer) receipt(v values, version int64, written bool) (Receipt, error) {
	pins, err := w.group.pins(v, version)
	for i, pin := range pins {
		key := w.group.key(pin.Image)
		if mine, ok := w.want[key]; ok && written && v[key] == mine {
			pins[i].SetBy, pins[i].Message = w.why.Actor, w.why.Message
		}
	}
	r := Receipt{
		Parameter: w.group.Parameter, Version: version, Value: v.String(), Written: written, Wrote: w.wrote,
		Pins: pins, Repaired: w.repaired, Uncertain: w.unsure, Calls: w.calls,
	}
	if w.outcome != nil {
		r.Lost, r.Replaced, r.was = w.outcome.lost, w.outcome.replaced, w.outcome.was
	}
	if w.deleted {
		r.Forgotten = w.group.forgotten(w.read, v)
	}
	return r, w.after(err)
}

// after returns an error that came after the write: it never says that nothing was touched.
func (w *writer) after(err error) error {
	if err == nil || !w.touched {
		return err
	}
	e := tagboat.Errorf(tagboat.Internal, "what was to be written to parameter %s may have to be written again: %w", w.group.Parameter, err)
	if w.wrote > 0 && (w.outcome == nil || !w.outcome.over) {
		e = tagboat.Errorf(tagboat.Internal, "what was to be written stands, as version %d of parameter %s: %w", w.wrote, w.group.Parameter, err)
	}
	var cause *tagboat.Error
	if errors.As(err, &cause) {
		e.Hint = cause.Hint
	}
	return e
}

// full says that others filled the parameter between our read and our write.
func (w *writer) full(v values) error {
	next := w.next(v)
	return tagboat.Errorf(tagboat.Internal, "others filled parameter %s meanwhile: version %d would have led to %d bytes, and counts for nothing", w.group.Parameter, w.wrote, len(next.String())).
		WithHint("%s", w.group.advice(next, len(next.String())))
}

func errBusy(parameter string) error {
	return tagboat.Errorf(tagboat.Internal, "parameter %s changes too often", parameter).
		WithHint("find out who writes it: aws ssm get-parameter-history --name %s", parameter)
}
