package queue

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
)

// outage says once that the queue is away, and once that it is back.
type outage struct {
	log *slog.Logger

	mu      sync.Mutex
	failing map[string]bool // what is done with the queue that fails
	since   time.Time
}

// begun says that something failed.
func (o *outage) begun(ctx context.Context, what string, err error) {
	o.mu.Lock()
	first := len(o.failing) == 0
	if first {
		o.failing, o.since = map[string]bool{}, time.Now()
	}
	o.failing[what] = true
	o.mu.Unlock()
	if first {
		o.log.WarnContext(ctx, "the queue cannot be used; trying again", "error", err.Error(), "hint", tagboat.HintOf(err))
	}
}

// ended says that something succeeded, and whether there is nothing else to do with the queue.
func (o *outage) ended(ctx context.Context, what string, all bool) {
	o.mu.Lock()
	was := len(o.failing) > 0
	if delete(o.failing, what); all {
		clear(o.failing)
	}
	over := was && len(o.failing) == 0
	lasted := time.Since(o.since)
	o.mu.Unlock()
	if over {
		o.log.InfoContext(ctx, "the queue can be used again", "after", lasted.Round(time.Second).String())
	}
}
