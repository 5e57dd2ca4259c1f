package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
)

// settle ends a run whose outcome only the history tells: it repairs what is torn, and
// writes what we want where that is still to do.
func (w *writer) settle(ctx context.Context) (Receipt, error) {
	for try := 0; w.tries < patience; w.tries++ {
		if err := giveWay(ctx, try, w.between); err != nil {
			return Receipt{}, w.after(err)
		}
		try++
		history, s, err := w.history(ctx)
		if err != nil {
			return Receipt{}, w.unread(ctx, err)
		}
		w.ask(s, history)
		if w.outcome == nil {
			w.decidedOn(s.values)
			w.loses(s.values)
		}
		means := w.outcome == nil && !w.has(s.values)
		if !means && !s.torn() && (s.certain || s.head.whole(s.stored)) {
			return w.conclude(s.head.Version, s, history)
		}
		if r, done, err := w.writeOver(ctx, s, history, means); done || err != nil {
			return r, err
		}
	}
	return Receipt{}, w.after(errBusy(w.group.Parameter))
}

// writeOver writes over the newest version of a history what others lost, and what we want
// where that means to. It reports whether that is the end of it.
func (w *writer) writeOver(ctx context.Context, s state, history []Parameter, means bool) (Receipt, bool, error) {
	next := s.values
	if means {
		next = w.next(next)
		if err := w.ensureRoom(ctx, history); err != nil {
			return Receipt{}, true, w.after(err)
		}
	}
	w.on = sumOf(history)
	version, err := w.put(ctx, s.head.Version, next, means)
	switch {
	case errors.Is(err, ErrExists), errors.Is(err, ErrUnknown) && w.looksAgain(ctx):
		return Receipt{}, false, nil
	case errors.Is(err, ErrThrottled) && !w.once:
		return w.refusedRepair(ctx, s, history)
	case errors.Is(err, ErrUnknown) && means:
		r, err := w.find(ctx, err)
		return r, true, err
	case err != nil:
		return Receipt{}, true, w.after(err)
	}
	w.repaired = w.repaired || s.torn()
	if version != s.head.Version+1 {
		return Receipt{}, false, nil
	}
	if means {
		w.outcome = &outcome{was: s.priors(w.keys())}
		w.outcome.replaced = w.replacements(w.outcome.was, history)
		w.outcome.lost = w.lostConflicts(s, history)
	}
	s.values = next
	r, err := w.conclude(version, s, history)
	return r, true, err
}

// refusedRepair gives others their turn after a refusal, and looks whether one of them repaired
// meanwhile what was torn: a whole version that has what we wrote is all we need.
func (w *writer) refusedRepair(ctx context.Context, s state, history []Parameter) (Receipt, bool, error) {
	if w.outcome == nil {
		err := w.waitATurn(ctx)
		if err != nil {
			return Receipt{}, true, w.after(err)
		}
		w.tries++
		r, err := w.update(ctx)
		return r, true, err
	}
	w.crowded = true
	v, whole, err := w.afterRepair(ctx, 1)
	if err != nil {
		return Receipt{}, true, w.after(err)
	}
	if !whole {
		return Receipt{}, false, nil // the history tells
	}
	for _, key := range w.keys() {
		before, was := s.values[key]
		now, there := v[key]
		if before != now || was != there {
			return Receipt{}, false, nil
		}
	}
	s.values = v
	r, err := w.conclude(w.head, s, history)
	return r, true, err
}

// ask looks in a history for what we wrote, and notes what came of it. What is not to be
// found any more is written again, as long as nobody else set it.
func (w *writer) ask(s state, history []Parameter) {
	w.unsure = !s.certain
	w.uncertain = w.uncertain || w.unsure
	at, found := s.ids[w.id]
	switch {
	case !found && w.wrote == 0:
		return
	case !found && w.vanished(s, history):
		w.wrote, w.outcome = 0, nil
		return
	case !found:
		w.outcome = cmp.Or(w.outcome, &outcome{})
		return
	}
	w.wrote = history[at].Version
	meant := s.intent[at]
	w.deleted = w.deleted || meant.lost
	if w.outcome == nil {
		w.outcome = &outcome{was: meant.was, over: meant.over}
		w.outcome.replaced = w.replacements(meant.was, history)
		w.outcome.lost = append(w.lostConflicts(s, history), w.voidConflicts(meant, history)...)
	}
}

// vanished reports whether what we wrote is to be written again: the parameter was deleted
// meanwhile, or the version left the history, or came too late, and nobody can have
// brought it into what there is now.
func (w *writer) vanished(s state, history []Parameter) bool {
	at := int(w.wrote - s.first)
	if len(history) == 0 || at >= len(history) {
		w.deleted = true
		return true
	}
	if at >= 0 {
		n, _ := noteOf(history[at])
		w.deleted = w.deleted || n.ID != w.id
		return true
	}
	again := false
	for _, key := range w.keys() {
		now, there := s.values[key]
		if read, was := w.read[key]; now == read && there == was {
			again = true
		} else if now != w.want[key] {
			delete(w.want, key) // somebody set it after us
		}
	}
	return again
}

// lookingBack bounds how long a write is looked for whose answer got lost.
const lookingBack = 5 * time.Second

// mostUnknown bounds how many answers may get lost.
const mostUnknown = 8

// looksAgain reports whether it makes sense to look for a write whose answer got lost, and
// to write again what is not there. Nothing is written twice: the history tells.
func (w *writer) looksAgain(ctx context.Context) bool {
	w.unknown++
	return w.unknown < mostUnknown && giveWay(ctx, w.unknown, 0) == nil
}

// find looks for a write whose answer got lost, after the client's last attempt.
func (w *writer) find(ctx context.Context, lost error) (Receipt, error) {
	looking, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookingBack)
	defer cancel()
	history, s, err := w.history(looking)
	if err != nil {
		return Receipt{}, fmt.Errorf("%w; whether it was written is not known, since the history cannot be read: %w", lost, err)
	}
	at, found := s.ids[w.id]
	if !found {
		return Receipt{}, tagboat.Errorf(tagboat.Internal, "%w; it is not among the versions of the parameter", lost).
			WithHint("run the command again: a write that arrives late after all counts once")
	}
	w.wrote, w.touched = history[at].Version, true
	return w.settle(ctx)
}

// unread returns the error of a history that cannot be read: the write took place, and what
// it overwrote of others is reported as far as single versions show it.
func (w *writer) unread(ctx context.Context, err error) error {
	if w.wrote == 0 || w.wrote <= w.base+1 {
		return w.after(err)
	}
	w.calls++
	found, failed := w.store.Get(ctx, w.versionsBetween())
	overwrote := map[string]bool{}
	for _, p := range found {
		v, unreadable := valuesOf(p)
		if unreadable != nil {
			continue
		}
		meant := difference(w.read, v)
		for _, key := range append(meant.set.keys(), meant.gone...) {
			overwrote[key] = true
		}
	}
	text := "what the versions between changed"
	if failed == nil && len(overwrote) > 0 {
		text = strings.Join(slices.Sorted(maps.Keys(overwrote)), ", ")
	}
	return w.after(tagboat.Errorf(tagboat.Internal, "it overwrote what others wrote meanwhile, until somebody who may read the history brings that back: %s: %w", text, err).
		WithHint("give the caller ssm:GetParameterHistory (tagboat generate iam-policy prints all it takes), then run: tagboat pins --env %s", w.group.Environment))
}

func (w *writer) conclude(version int64, s state, history []Parameter) (Receipt, error) {
	if w.outcome == nil && len(w.lost) > 0 {
		w.outcome = &outcome{lost: w.lostConflicts(s, history)}
	}
	r, err := w.receipt(s.values, version, w.wrote > 0)
	if w.outcome != nil && w.outcome.over {
		return r, w.full(s.values)
	}
	r.Overtaken = w.conflicts(s, history)
	return r, err
}

func sumOf(history []Parameter) string {
	if len(history) == 0 {
		return ""
	}
	return sum(history[len(history)-1].Value)
}
