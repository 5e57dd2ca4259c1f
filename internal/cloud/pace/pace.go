// Package pace keeps a process to AWS's documented rates, so that a hundred services
// go out at the limit and never over it.
package pace

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Pacer has a token bucket for each group of operations in each account and region. It
// may be used by several goroutines at once. A nil Pacer makes nobody wait.
type Pacer struct {
	mu      sync.Mutex
	buckets map[key]*rate.Limiter
}

type key struct{ scope, group string }

// New returns a Pacer whose buckets are full.
func New() *Pacer { return &Pacer{buckets: map[key]*rate.Limiter{}} }

// Wait returns when the operation ("ecs.UpdateService") may go out in the scope, which
// is an account and region. Operations without a documented rate need not wait. The
// error is the context's, or wraps context.DeadlineExceeded at once where the turn would
// come too late.
func (p *Pacer) Wait(ctx context.Context, scope, operation string) error {
	b, ok := groupOf[operation]
	if !ok || p == nil {
		return ctx.Err()
	}
	turn := p.bucket(scope, b).Reserve()
	wait := turn.Delay()
	if wait == 0 {
		return ctx.Err()
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
		turn.Cancel()
		return fmt.Errorf("%s may go out in %s only: %w", operation, wait.Round(time.Millisecond), context.DeadlineExceeded)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		turn.Cancel()
		return ctx.Err()
	}
}

func (p *Pacer) bucket(scope, group string) *rate.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := key{scope, group}
	if p.buckets[k] == nil {
		b := buckets[group]
		p.buckets[k] = rate.NewLimiter(b.perSecond, b.burst)
	}
	return p.buckets[k]
}
