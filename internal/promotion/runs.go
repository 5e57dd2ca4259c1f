package promotion

import (
	"context"
	"errors"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
)

// runs are the promotions that this process carries out, so that one that was overtaken stops
// watching what the newer one watches, too. The ledger decides all the same: what another process
// carries out finds its claim gone. The zero value is ready for use.
type runs struct {
	mu sync.Mutex
	by map[runKey]map[*run]bool
}

// runKey tells one promotion from all others.
type runKey struct {
	env tagboat.EnvName
	key string // of its claim
}

type run struct{ end context.CancelCauseFunc }

// begin notes that the promotion of a claim is carried out, in a context that ends with it. Those of
// the claim that it took the place of end.
func (r *runs) begin(ctx context.Context, env tagboat.EnvName, c claim) (context.Context, func()) {
	ctx, end := context.WithCancelCause(ctx)
	key, its := runKey{env, c.Key}, &run{end}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.instead != nil {
		for other := range r.by[runKey{env, c.instead.Key}] {
			other.end(rollout.TakenOver{By: "release " + c.Name})
		}
	}
	if r.by == nil {
		r.by = map[runKey]map[*run]bool{}
	}
	if r.by[key] == nil {
		r.by[key] = map[*run]bool{}
	}
	r.by[key][its] = true
	return ctx, func() {
		end(nil)
		r.mu.Lock()
		defer r.mu.Unlock()
		if delete(r.by[key], its); len(r.by[key]) == 0 {
			delete(r.by, key)
		}
	}
}

// takenOver returns what took the place of a promotion of this process; false where nothing did.
func takenOver(ctx context.Context) (rollout.TakenOver, bool) {
	var by rollout.TakenOver
	return by, errors.As(context.Cause(ctx), &by)
}
