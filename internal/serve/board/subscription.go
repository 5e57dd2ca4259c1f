package board

import (
	"context"
	"errors"
)

// ErrClosed says that the board has stopped, so that no event will come.
var ErrClosed = errors.New("the board has stopped")

// Subscription reads a board's events, from one goroutine. It keeps nothing but its place, so that a
// slow reader costs nobody anything: what it missed is read from what the board has kept.
type Subscription struct {
	board *Board
	after uint64
}

// Next returns the events since the last call, in their order; of several about the same thing only
// the last. It waits until there is one. Where events are gone that were not read, the only one is a
// Reset. The error is ErrClosed, or that of ctx.
func (s *Subscription) Next(ctx context.Context) ([]Event, error) {
	for {
		events, more := s.board.since(s.after)
		if len(events) > 0 {
			s.after = events[len(events)-1].ID
			return events, nil
		}
		if more == nil {
			return nil, ErrClosed
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Close says that nobody reads any more. It must be called once.
func (s *Subscription) Close() { s.board.left() }
