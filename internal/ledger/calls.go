package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/tagboat/tagboat"
)

// read returns what the newest version holds, and whether that is certain to be all.
func (w *writer) read(ctx context.Context) (values, bool, error) {
	w.calls++
	got, err := w.store.Get(ctx, []string{w.group.Parameter})
	if err != nil {
		return nil, false, fmt.Errorf("reading parameter %s: %w", w.group.Parameter, err)
	}
	p, ok := got[w.group.Parameter]
	if !ok {
		w.head = 0
		return values{}, true, nil
	}
	v, err := valuesOf(p)
	w.head = p.Version
	return v, p.whole(v), err
}

// put writes v over version base, meaning to set the keys of set. A value that could
// not be read back is not written.
func (w *writer) put(ctx context.Context, base int64, v, set values) (int64, error) {
	if err := w.group.checkSize(v); err != nil {
		return 0, err
	}
	if _, err := w.group.pins(v, 0); err != nil {
		return 0, err
	}
	value := w.group.write(v, base)
	version, err := w.attempt(ctx, Put{
		Name:        w.group.Parameter,
		Value:       value,
		Description: newNote(base, value, v, set, w.why).String(),
		Overwrite:   base > 0,
		Tier:        w.group.Tier,
	})
	if tagboat.KindOf(err) == tagboat.Usage {
		return 0, err
	}
	if err != nil {
		return 0, fmt.Errorf("writing parameter %s: %w", w.group.Parameter, err)
	}
	return version, nil
}

// history returns the versions, once they include the newest that we know of: the
// answer of a read may be older than that of the write before it.
func (w *writer) history(ctx context.Context) ([]Parameter, state, error) {
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		history, calls, err := versions(ctx, w.store, w.group.Parameter)
		w.calls += calls
		if err != nil {
			return nil, state{}, err
		}
		s, err := replay(history)
		if err != nil || s.head.Version >= w.head {
			return history, s, err
		}
		if wait > 5*time.Second {
			return nil, state{}, tagboat.Errorf(tagboat.Internal, "version %d of parameter %s is gone", w.head, w.group.Parameter).
				WithHint("somebody deleted the parameter meanwhile; run the command again")
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
