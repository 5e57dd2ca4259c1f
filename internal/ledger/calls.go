package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/tagboat/tagboat"
)

// look returns what the newest version holds, and whether that is certain to be all.
func (w *writer) look(ctx context.Context) (values, bool, error) {
	w.calls++
	got, err := w.store.Get(ctx, []string{w.group.Parameter})
	if err != nil {
		return nil, false, fmt.Errorf("reading parameter %s: %w", w.group.Parameter, err)
	}
	p, ok := got[w.group.Parameter]
	if !ok {
		w.head, w.on = 0, ""
		return values{}, true, nil
	}
	v, err := valuesOf(p)
	whole := err == nil && p.whole(v)
	w.head, w.on, w.unsure = p.Version, sum(p.Value), w.unsure && !whole
	w.crowded = w.crowded || err == nil && p.missed(v) > few
	return v, whole, err
}

// put writes v over version base, meaning what we want, or nothing. A value that could not
// be read back is not written.
func (w *writer) put(ctx context.Context, base int64, v values, means bool) (int64, error) {
	if err := w.group.checkSize(v); err != nil {
		return 0, err
	}
	if _, err := w.group.pins(v, 0); err != nil {
		return 0, err
	}
	value := w.group.write(v, base)
	n := note{Base: base, Set: v.bits(nil), Sum: sum(value), On: w.on, Unsure: w.unsure}
	if means {
		n = w.note(n, v)
		w.base = base
	}
	version, err := w.attempt(ctx, Put{
		Name: w.group.Parameter, Value: value, Description: n.String(), Overwrite: base > 0, Tier: w.group.Tier,
	})
	if tagboat.KindOf(err) == tagboat.Usage {
		return 0, err
	}
	if err != nil {
		return 0, fmt.Errorf("writing parameter %s: %w", w.group.Parameter, err)
	}
	w.head, w.between = version, version-base-1
	if means {
		w.wrote, w.touched = version, true
	}
	return version, nil
}

// note returns the note of a write of v that means what we want.
func (w *writer) note(n note, v values) note {
	n.ID, n.Set, n.Gone = w.id, v.bits(w.want), w.gone
	n.If = conditions(w.keys(), func(key string) bool { return w.conditional[key] }, w.read)
	if w.together && len(w.keys()) > 1 {
		n.If = condition(w.keys(), w.read)
	}
	n.By, n.Message = w.why.Actor, w.why.Message
	if most := w.group.Tier.maxValue(); most > maxStandard {
		n.Max = most
	}
	return n
}

// history returns the versions, once they include the newest that we know of: the
// answer of a read may be older than that of the write before it. Where they never do,
// somebody deleted the parameter.
func (w *writer) history(ctx context.Context) ([]Parameter, state, error) {
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		history, calls, err := versions(ctx, w.store, w.group.Parameter)
		w.calls += calls
		if err != nil {
			return nil, state{}, err
		}
		s, err := replay(history, w.kept)
		if err != nil || s.head.Version >= w.head {
			return history, s, err
		}
		if wait > 5*time.Second {
			w.deleted, w.head = true, s.head.Version
			return history, s, nil
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, state{}, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
