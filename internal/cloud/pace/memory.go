package pace

import "time"

// Store keeps how full buckets are from one process to the next. It need not be exact,
// and what it forgot counts as full. It must be safe for concurrent use.
type Store interface {
	// Load returns how many tokens a bucket had, and when.
	Load(scope, group string) (tokens float64, at time.Time, ok bool)
	Save(scope, group string, tokens float64, at time.Time)
}

// slowToFill is from when on a bucket is worth remembering: others are full again
// before anybody has started the next process.
const slowToFill = 8 * time.Second

func (q quota) worthRemembering() bool {
	return time.Duration(float64(q.burst)/float64(q.perSecond)*float64(time.Second)) >= slowToFill
}

// recall makes the bucket as empty as another process left it.
func (b *bucket) recall(m Store, k key) {
	if m == nil || !b.quota.worthRemembering() {
		return
	}
	b.keep = func(tokens float64, at time.Time) { m.Save(k.scope, k.group, tokens, at) }
	now := time.Now()
	tokens, at, ok := m.Load(k.scope, k.group)
	if !ok || at.After(now) {
		return
	}
	left := max(0, tokens) + now.Sub(at).Seconds()*float64(b.quota.perSecond)
	if gone := b.quota.usable() - int(left); gone > 0 {
		b.tokens.AllowN(now, min(gone, b.quota.usable()))
	}
}

// remember notes how full the bucket is.
func (b *bucket) remember() {
	if b.keep != nil {
		now := time.Now()
		b.keep(b.tokens.TokensAt(now), now)
	}
}
