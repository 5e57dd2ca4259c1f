// Package pace keeps a process to AWS's documented rates, so that a hundred services
// go out at the limit and never over it. Where AWS refuses all the same, because
// somebody else uses the account too, it goes slower until AWS has room again.
package pace

import (
	"context"
	"sync"
)

// Pacer has a token bucket for each group of operations in each account and region. It
// is safe for concurrent use. A nil Pacer makes nobody wait.
type Pacer struct {
	memory Store // nil where nothing is kept

	mu      sync.Mutex
	buckets map[key]*bucket
	merged  map[string]string // the scope that a scope turned out to be
}

type key struct{ scope, group string }

// New returns a Pacer whose buckets are full, or as full as m remembers them; a nil m
// remembers nothing.
func New(m Store) *Pacer {
	return &Pacer{memory: m, buckets: map[key]*bucket{}, merged: map[string]string{}}
}

// Paced reports whether an operation has a documented rate.
func Paced(operation string) bool { return groupOf[operation] != "" }

// Merge says that one scope is the same account and region as another: from now on both
// share the buckets of the latter, and what was taken in the name of the former counts.
func (p *Pacer) Merge(scope, into string) {
	if p == nil || scope == into {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.merged[scope] = into
	for group := range quotas {
		if b := p.buckets[key{scope, group}]; b != nil {
			p.at(key{into, group}).drain(b)
			delete(p.buckets, key{scope, group})
		}
	}
}

// Wait returns when the operation ("ecs.UpdateService") may go out in the scope, which
// is an account and region: first come, first served. Operations without a documented
// rate need not wait. The error is the context's, or wraps context.DeadlineExceeded at
// once where the turn would come too late.
func (p *Pacer) Wait(ctx context.Context, scope, operation string) error {
	b := p.bucket(scope, operation)
	if b == nil {
		return ctx.Err()
	}
	return b.wait(ctx, operation)
}

// Refused notes that AWS throttled the operation: what is left in its bucket is poured
// out, and it fills at half the rate.
func (p *Pacer) Refused(scope, operation string) {
	if b := p.bucket(scope, operation); b != nil {
		b.refused()
	}
}

// Answered notes that AWS did not throttle the operation, which wins back a little of
// the rate that Refused took.
func (p *Pacer) Answered(scope, operation string) {
	if b := p.bucket(scope, operation); b != nil {
		b.answered()
	}
}

// bucket returns the bucket of an operation, or nil where it has none.
func (p *Pacer) bucket(scope, operation string) *bucket {
	group, ok := groupOf[operation]
	if !ok || p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if into, ok := p.merged[scope]; ok {
		scope = into
	}
	return p.at(key{scope, group})
}

// at returns a bucket, made at its first use. The caller holds the lock.
func (p *Pacer) at(k key) *bucket {
	if p.buckets[k] == nil {
		p.buckets[k] = newBucket(quotas[k.group])
		p.buckets[k].recall(p.memory, k)
	}
	return p.buckets[k]
}
