package pace

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/tagboat/tagboat/internal/wait"
)

// How a bucket learns: a refusal halves its rate, down to a sixteenth of what AWS
// documents, and each answer wins a fiftieth of the documented rate back.
const (
	halved = 0.5
	floor  = 1.0 / 16
	regain = 1.0 / 50
	// oneRefusal is for how long refusals count as one: calls that were under way
	// together tell the same thing.
	oneRefusal = time.Second
)

// bucket is the client's side of one of AWS's token buckets.
type bucket struct {
	quota quota
	turn  chan struct{} // held by who waits for the next token; the others queue for it
	keep  func(tokens float64, at time.Time)

	mu          sync.Mutex
	tokens      *rate.Limiter
	queued      int // calls that wait and have no token reserved yet
	lastRefusal time.Time
}

func newBucket(q quota) *bucket {
	return &bucket{quota: q, turn: make(chan struct{}, 1), tokens: rate.NewLimiter(q.perSecond, q.usable())}
}

// wait takes one token. Only the first in the queue has reserved one, so that what the
// bucket learns holds for everybody behind it at once. A call whose context ends leaves the
// queue and gives its token back.
func (b *bucket) wait(ctx context.Context, operation string) error {
	if err := b.enter(ctx, operation); err != nil {
		return err
	}
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		b.leave()
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil { // both were ready
		b.leave()
		return err
	}
	defer b.remember()
	turn := b.reserve()
	delay := turn.Delay()
	if delay == 0 {
		return nil
	}
	err := wait.For(ctx, delay)
	if err != nil {
		turn.Cancel()
	}
	return err
}

// enter joins the queue, unless ctx has ended, or is bound to end before the queue does.
func (b *bucket) enter(ctx context.Context, operation string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if end, ok := ctx.Deadline(); ok {
		if wait := b.expected(); time.Until(end) < wait {
			return fmt.Errorf("%s has to wait %s for its turn: %w", operation, wait.Round(time.Millisecond), context.DeadlineExceeded)
		}
	}
	b.queued++
	return nil
}

// reserve takes the next token for who is first in the queue, which leaves it.
func (b *bucket) reserve() *rate.Reservation {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queued--
	return b.tokens.Reserve()
}

func (b *bucket) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queued--
}

// expected returns how long a call that comes now has to wait, at the rate of now. A token
// that was reserved is gone from the bucket already.
func (b *bucket) expected() time.Duration {
	short := float64(b.queued) + 1 - b.tokens.Tokens()
	return max(0, time.Duration(short/float64(b.tokens.Limit())*float64(time.Second)))
}

// drain takes what was taken from another bucket for the same tokens of AWS's, and goes as
// slowly as that one.
func (b *bucket) drain(other *bucket) {
	now := time.Now()
	taken := min(b.quota.usable()-int(other.tokens.TokensAt(now)), b.quota.usable())
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens.SetLimitAt(now, min(b.tokens.Limit(), other.tokens.Limit()))
	if taken > 0 {
		b.tokens.ReserveN(now, taken)
	}
}

// refused pours the bucket out, because AWS's is empty, and slows down.
func (b *bucket) refused() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if !b.lastRefusal.IsZero() && now.Sub(b.lastRefusal) < oneRefusal {
		return
	}
	b.lastRefusal = now
	if left := int(b.tokens.TokensAt(now)); left > 0 {
		b.tokens.AllowN(now, left)
	}
	b.tokens.SetLimitAt(now, max(b.tokens.Limit()*halved, b.quota.perSecond*floor))
}

func (b *bucket) answered() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if limit := b.tokens.Limit(); limit < b.quota.perSecond {
		b.tokens.SetLimit(min(limit+b.quota.perSecond*regain, b.quota.perSecond))
	}
}
