package ecs

import (
	"context"
	"time"
)

// Run lets time pass until ctx ends: it wakes when the scheduler next has something
// to do, and after each call. It returns nil once ctx is done.
func (s *Service) Run(ctx context.Context) error {
	for {
		next, due := s.advance()
		var reached <-chan time.Time
		stop := func() {}
		if due {
			reached, stop = s.deps.Clock.Wait(next)
		}
		select {
		case <-ctx.Done():
			stop()
			return nil
		case <-reached:
		case <-s.poke:
		}
		stop()
	}
}

// advance brings every region to the clock's time and returns when one of them next has
// something to do; false if none ever has.
func (s *Service) advance() (next time.Time, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.regions {
		r.advance()
		if at, ok := r.engine.Next(); ok && (!due || at.Before(next)) {
			next, due = at, true
		}
	}
	return next, due
}
