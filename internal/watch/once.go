package watch

import (
	"context"
	"time"

	"github.com/tagboat/tagboat/internal/watch/hint"
)

// OnceOptions say how much is done at once.
type OnceOptions struct {
	DryRun bool // decide and change nothing
	// Bound is how long a rollout is waited for; what goes on after that goes on from the next hint.
	// 0 waits until it ends.
	Bound time.Duration
}

// Once looks once where hints point, and acts; without hints it looks at everything. It returns what
// it decided about each environment, in the order of their stages. An error says that something could
// not be looked at or done, so that the hints are to come again.
func (w *Watcher) Once(ctx context.Context, hints []hint.Hint, o OnceOptions) ([]Decision, error) {
	panic("to be written")
}
