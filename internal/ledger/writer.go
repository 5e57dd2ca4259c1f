package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/wait"
)

// patience is how often a write is tried again because others came between. Each of
// those times somebody else's write was a success.
const patience = 50

// writer is one run of the protocol.
type writer struct {
	store     Store
	retention int
	dice      func(n int) int
	group     Group
	id        string   // of the intention
	request   values   // what is to be set
	want      values   // of that, what has not lost yet
	gone      []string // keys to take out
	// read is what the decision was made on; nil for what the first read says.
	read values
	// conditional are the keys that are written only where they hold what read has.
	conditional map[string]bool
	together    bool // all keys count, or none
	why         Why

	head      int64           // the newest version that we know of
	on        string          // the sum of its value
	between   int64           // versions that came before our last write, and after what it was based on
	base      int64           // what the write was based on
	wrote     int64           // the version with which we wrote what we want; 0 until then
	outcome   *outcome        // of what we wrote; nil until it is known
	lost      map[string]bool // keys whose condition did not hold before we wrote
	room      bool            // there is room for a write and a repair
	once      bool            // who only repairs in passing does not wait for a turn
	tries     int
	refused   int  // writes
	waited    bool // for a repair that nobody made
	crowded   bool // many write at the same time
	repaired  bool
	unknown   int  // answers that got lost
	touched   bool // we wrote, whatever came of it
	deleted   bool // the parameter was deleted meanwhile
	uncertain bool // it was so at some time
	unsure    bool // nobody can tell whether updates are missing
	calls     int
}

// outcome is what came of an intention that is in the history.
type outcome struct {
	was      map[string]prior
	over     bool // it would have been over the limit, and counts for nothing
	lost     []Conflict
	replaced []Replacement
}

// writer returns one that means nothing yet.
func (l *Ledger) writer(g Group) *writer {
	return &writer{store: l.Store, retention: l.retention(), dice: l.dice(), group: g, id: newID(), want: values{}, conditional: map[string]bool{}, lost: map[string]bool{}}
}

// update writes what we want over the newest version, as long as that is whole, and settles
// it with the history else.
func (w *writer) update(ctx context.Context) (Receipt, error) {
	for ; w.tries < patience; w.tries++ {
		v, whole, err := w.newest(ctx)
		if err == nil && !whole && w.crowded && !w.waited {
			v, whole, err = w.afterRepair(ctx, mostRepairs)
			w.waited = !whole
		}
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
			w.outcome = w.outcomeOver(v)
			return w.receipt(next, version, true)
		case err == nil:
			return w.torn(ctx)
		case errors.Is(err, ErrExists), errors.Is(err, ErrUnknown) && w.looksAgain(ctx):
			return w.settle(ctx)
		case errors.Is(err, ErrUnknown):
			return w.find(ctx, err)
		case errors.Is(err, ErrThrottled):
			err = w.waitATurn(ctx)
		}
		if err != nil {
			return Receipt{}, err
		}
	}
	return Receipt{}, errBusy(w.group.Parameter)
}

// torn ends a run whose write came after others'. Where many write, a few of them repair
// that before long, and what there is then is certain: reads of the newest version are
// cheap, and of histories AWS answers three a second.
func (w *writer) torn(ctx context.Context) (Receipt, error) {
	w.crowded = w.crowded || w.wrote-w.base > few
	if w.crowded && w.wrote-w.base <= mostBetween {
		v, whole, err := w.afterRepair(ctx, mostRepairs)
		switch {
		case ctx.Err() != nil:
			return Receipt{}, w.after(ctx.Err())
		case err == nil && whole && v.has(w.want) && w.head > w.wrote && w.untouched(ctx):
			w.outcome = w.outcomeOver(w.read)
			return w.receipt(v, w.head, true)
		}
		w.head = max(w.head, w.wrote)
	}
	return w.settle(ctx)
}

// mostRepairs bounds how often a writer waits for others to repair what is torn before it
// does so itself. Of many, one in eight stops waiting after the first time, one in four of
// the others after the second, and so on.
const mostRepairs = 4

// afterRepair is newest after a moment in which somebody else may repair what is torn, who is
// the first to have a turn again. It waits again, so many times at most, while the newest
// version is not whole and the dice have somebody else repair it.
func (w *writer) afterRepair(ctx context.Context, times int) (v values, whole bool, err error) {
	for left := times - 1; ; left-- {
		if err := wait.For(ctx, 700*time.Millisecond+rand.N(time.Second)); err != nil {
			return nil, false, err
		}
		v, whole, err = w.newest(ctx)
		if err != nil || whole || left == 0 || w.dice(1<<left) == 0 {
			return v, whole, err
		}
	}
}

// untouched reports whether none of the versions that came between changed what we meant to,
// so that nothing of others' was replaced, and no condition broken.
func (w *writer) untouched(ctx context.Context) bool {
	between := w.versionsBetween()
	w.calls += (len(between) + namesInACall - 1) / namesInACall
	found, err := w.store.Get(ctx, between)
	if err != nil || len(found) != len(between) || len(w.gone) > 0 {
		return false
	}
	for _, p := range found {
		v, err := valuesOf(p)
		if err != nil {
			return false
		}
		for key := range w.want {
			value, there := v[key]
			if read, was := w.read[key]; value != read || there != was {
				return false
			}
		}
	}
	return true
}

// versionsBetween returns the names of the versions between what we had read and what we
// wrote, as far as they are looked at one by one.
func (w *writer) versionsBetween() []string {
	var between []string
	for version := w.base + 1; version < w.wrote && len(between) < mostBetween; version++ {
		between = append(between, fmt.Sprintf("%s:%d", w.group.Parameter, version))
	}
	return between
}

// mostBetween bounds how many versions are looked at one by one: that is four calls.
const mostBetween = 40

// namesInACall is how many parameters GetParameters takes.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
const namesInACall = 10

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

// outcomeOver is what came of a write over v where nobody came between.
func (w *writer) outcomeOver(v values) *outcome {
	o := &outcome{was: map[string]prior{}}
	for _, key := range w.keys() {
		value, there := v[key]
		o.was[key] = prior{value, there, -1}
	}
	o.replaced = w.replacements(o.was, nil)
	return o
}

// waitATurn waits a random time, so that many who are refused at once come back one after
// the other: AWS takes three writes a second. Who paces calls for us takes a second and more
// off after a refusal, and what is read before that is old when it is written upon.
func waitATurn(ctx context.Context, refused int) error {
	spread := time.Duration(max(9-3*refused, 3)) * time.Second
	return wait.For(ctx, time.Second+rand.N(spread))
}

func (w *writer) waitATurn(ctx context.Context) error {
	w.crowded = true
	w.refused++
	return waitATurn(ctx, w.refused-1)
}

// giveWay waits a random time, longer with each try and with how many came between, so that
// of many writers at once one comes through undisturbed.
func giveWay(ctx context.Context, try int, between int64) error {
	longest := min(25*time.Millisecond<<min(try, 10), 3*time.Second)
	if between > few {
		longest = max(longest, min(time.Duration(between)*100*time.Millisecond, 10*time.Second))
	}
	if try == 0 && between <= few {
		return nil
	}
	return wait.For(ctx, rand.N(longest))
}

// few is how many may come between without anybody having to wait.
const few = 4

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
		Pins: pins, Repaired: w.repaired, Uncertain: w.uncertain, Calls: w.calls,
	}
	if w.outcome != nil {
		r.Lost, r.Replaced, r.was = w.outcome.lost, w.outcome.replaced, w.outcome.was
	}
	if w.deleted {
		r.Forgotten = w.group.missingKeys(w.read, v)
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
	return hintOf(err, e)
}

// hintOf returns e with the hint of what caused it, if that has one.
func hintOf(cause error, e *tagboat.Error) *tagboat.Error {
	var known *tagboat.Error
	if errors.As(cause, &known) {
		e.Hint = known.Hint
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
