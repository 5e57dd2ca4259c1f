package watch

import (
	"context"

	"github.com/tagboat/tagboat/internal/watch/hint"
)

// Run looks where the hints of sources point until ctx ends, and hands back what it could not end
// within its grace.
func (w *Watcher) Run(ctx context.Context, sources ...hint.Source) error { panic("to be written") }
