package watch

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// OnceOptions say how much is done at once.
type OnceOptions struct {
	DryRun bool // decide and change nothing
	// Bound is how long rollouts are waited for; what goes on after that goes on from the next hint.
	// 0 waits until they end.
	Bound time.Duration
}

// Once looks once where hints point, and acts; without hints it looks at everything. It returns what
// it decided, in the order of the stages: an environment whose promotion was under way is looked at
// twice. An error says that something could not be looked at or begun, so that the hints are to come
// again; how promotions ended is in their decisions.
func (w *Watcher) Once(ctx context.Context, hints []hint.Hint, o OnceOptions) ([]Decision, error) {
	if len(hints) == 0 {
		hints = []hint.Hint{{Source: "sweep", Kind: hint.Everything}}
	}
	var failed []error
	var messages []hint.Message
	for _, h := range hints {
		messages = append(messages, hint.Message{Hints: []hint.Hint{h}, Done: func(err error) { failed = append(failed, err) }})
	}
	decisions, err := w.Serve(ctx, messages, o)
	return decisions, errors.Join(append(failed, err)...)
}

// Serve is Once for messages that each hear what came of them, one after the other.
func (w *Watcher) Serve(ctx context.Context, messages []hint.Message, o OnceOptions) ([]Decision, error) {
	l, err := w.loop(ctx, rollout.Options{Wait: true, MaxParallel: rollout.DefaultParallel}, 0)
	if err != nil {
		return nil, err
	}
	defer l.interrupt()
	l.once, l.dryRun = true, o.DryRun
	if o.Bound > 0 {
		l.until = time.Now().Add(o.Bound)
	}
	for _, m := range messages {
		l.take(m)
	}
	l.toItsEnd(ctx)
	slices.SortStableFunc(l.decisions, func(a, b Decision) int {
		return slices.Index(l.order, a.Environment) - slices.Index(l.order, b.Environment)
	})
	return l.decisions, nil
}

// toItsEnd works until nothing is due any more.
func (l *loop) toItsEnd(ctx context.Context) {
	for ctx.Err() == nil {
		if l.begin(); l.working == 0 {
			break
		}
		select {
		case then := <-l.back:
			then()
		case <-ctx.Done():
		}
	}
	l.end(l.Grace, &inlet{})
}

// final is what an outcome leaves for somebody who looks once: what has to wait is left to the next
// hint, and what could not be done is handed back.
func final(o Outcome, now time.Time) (Outcome, error) {
	switch {
	case o.Failed:
		return o, o.Err
	case o.Soon && o.Err != nil:
		return o, undone(o.Err)
	case o.Soon, o.Again.After(now):
		return Outcome{Served: true}, nil
	default:
		return o, nil
	}
}
