package sandbox

import (
	"sync"

	"golang.org/x/time/rate"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// quotas throttles calls. Buckets fill by the client's clock and not by the
// sandbox's: a limit is a rate of calls, and a client sends calls, paces itself and
// backs off by its own time, however fast rollouts go. A client that keeps AWS's
// limits is never throttled here, at any speed, and one that breaks them always is.
// A nil *quotas allows everything.
type quotas struct {
	clock       clock.Clock
	byOperation map[string]*quota

	mu      sync.Mutex
	buckets map[bucketKey]*rate.Limiter
}

type bucketKey struct {
	scope wire.Scope
	quota *quota
}

func newQuotas(c clock.Clock) *quotas {
	q := &quotas{clock: c, byOperation: map[string]*quota{}, buckets: map[bucketKey]*rate.Limiter{}}
	for _, shared := range awsQuotas() {
		for _, operation := range shared.operations {
			q.byOperation[operation] = &shared
		}
	}
	return q
}

// allow takes a token for x, if there is one. What has no quota is always allowed.
func (q *quotas) allow(x exchange) bool {
	if q == nil || q.byOperation[x.operation] == nil {
		return true
	}
	key := bucketKey{x.scope, q.byOperation[x.operation]}
	q.mu.Lock()
	defer q.mu.Unlock()
	bucket := q.buckets[key]
	if bucket == nil {
		bucket = rate.NewLimiter(rate.Limit(key.quota.perSecond), key.quota.burst)
		q.buckets[key] = bucket
	}
	return bucket.AllowN(q.clock.Now(), 1)
}
