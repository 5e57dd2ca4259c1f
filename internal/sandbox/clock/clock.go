// Package clock is the sandbox's time: it can run faster than the wall's, and tests
// move it by hand. Every timestamp that the sandbox answers is of this clock.
package clock

import (
	"context"
	"math"
	"sync"
	"time"
)

// Clock gives the sandbox's time and waits by it.
type Clock interface {
	Now() time.Time
	// Wait returns a channel that receives once the clock has reached t, and a
	// function that gives the wait up.
	Wait(t time.Time) (reached <-chan time.Time, stop func())
}

// Run lets time pass until ctx ends: it calls advance, which returns when there next is something to
// do, the zero time for never, and calls it again then, and when it is poked.
func Run(ctx context.Context, c Clock, poke <-chan struct{}, advance func(context.Context) time.Time) {
	for ctx.Err() == nil {
		next := advance(ctx)
		var reached <-chan time.Time
		stop := func() {}
		if !next.IsZero() {
			reached, stop = c.Wait(next)
		}
		select {
		case <-ctx.Done():
		case <-reached:
		case <-poke:
		}
		stop()
	}
}

// Scaled is a Clock that runs Speed times as fast as the wall's from Start on, and that Advance
// moves besides.
type Scaled struct {
	wall  time.Time
	speed float64

	mu      sync.Mutex
	start   time.Time // the sandbox's time at wall, as Advance has moved it
	waiting map[*time.Timer]time.Time
}

// NewScaled returns a clock that shows start now and runs speed times as fast, which
// has to be more than zero.
func NewScaled(start time.Time, speed float64) *Scaled {
	return &Scaled{start: start, wall: time.Now(), speed: speed, waiting: map[*time.Timer]time.Time{}}
}

// Now returns the sandbox's time in UTC.
func (c *Scaled) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Scaled) now() time.Time {
	return c.start.Add(time.Duration(float64(time.Since(c.wall)) * c.speed)).UTC()
}

// Wait waits by the wall's clock for as long as the sandbox's takes to reach t.
func (c *Scaled) Wait(t time.Time) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	reached := make(chan time.Time, 1)
	var timer *time.Timer
	timer = time.AfterFunc(c.until(t), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if _, waits := c.waiting[timer]; waits {
			delete(c.waiting, timer)
			reached <- c.now()
		}
	})
	c.waiting[timer] = t
	return reached, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		timer.Stop()
		delete(c.waiting, timer)
	}
}

// until returns how long the wall's clock takes for t, rounded up, so that a waiter finds the time
// reached and does not wait again.
func (c *Scaled) until(t time.Time) time.Duration {
	return time.Duration(math.Ceil(float64(t.Sub(c.now()))/c.speed)) + time.Nanosecond
}

// Advance moves the clock forward by d and wakes those that waited for a time up to there.
func (c *Scaled) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.start = c.start.Add(d)
	for timer, t := range c.waiting {
		timer.Reset(c.until(t))
	}
}

// Manual is a Clock that only Advance moves.
type Manual struct {
	mu      sync.Mutex
	now     time.Time
	waiting map[chan time.Time]time.Time
}

// NewManual returns a clock that stands at now.
func NewManual(now time.Time) *Manual {
	return &Manual{now: now.UTC(), waiting: map[chan time.Time]time.Time{}}
}

// Now returns where the clock stands.
func (c *Manual) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Wait returns a channel that receives once Advance has brought the clock to t.
func (c *Manual) Wait(t time.Time) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan time.Time, 1)
	if !t.After(c.now) {
		ch <- c.now
		return ch, func() {}
	}
	c.waiting[ch] = t
	return ch, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiting, ch)
	}
}

// Advance moves the clock forward by d and wakes those that waited for a time up to there.
func (c *Manual) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for ch, t := range c.waiting {
		if !t.After(c.now) {
			ch <- c.now
			delete(c.waiting, ch)
		}
	}
}

var (
	_ Clock = (*Scaled)(nil)
	_ Clock = (*Manual)(nil)
)
