package desk

import (
	"context"
	"maps"
	"sync"
	"time"
)

// answers keeps what was read for a moment, so that many who ask the same cost what one does. An answer
// is good while the board shows the same, and for fresh in any case.
type answers struct {
	ctx   context.Context // of the server: the first to ask may leave before the answer is there
	state func() uint64   // of the board

	mu   sync.Mutex
	kept map[string]*answer
}

// How long an answer is good whatever changes, how long where the board shows no change, and how long
// one about the past. Reading takes no longer than within.
const (
	fresh  = 3 * time.Second
	steady = 30 * time.Second
	past   = 10 * time.Minute
	within = time.Minute
	most   = 500
)

// answer is one that is there once done is closed.
type answer struct {
	done  chan struct{}
	value any
	err   error
	at    time.Time // when it was asked
	state uint64
	good  time.Duration // while nothing changes
}

// good reports whether an answer, or one that is on its way, answers a question now.
func (a *answer) still(now time.Time, state uint64) bool {
	age := now.Sub(a.at)
	return age < fresh || age < a.good && (a.state == state || a.good == past)
}

// ask returns the answer to a question, which who names, reading it unless it is known.
func ask[T any](ctx context.Context, a *answers, who string, good time.Duration, read func(context.Context) (T, error)) (T, error) {
	one, begins := a.find(who, good)
	if begins {
		go func() {
			ctx, cancel := context.WithTimeout(a.ctx, within)
			defer cancel()
			one.value, one.err = read(ctx)
			a.end(who, one)
		}()
	}
	select {
	case <-one.done:
		value, _ := one.value.(T)
		return value, one.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// find returns the answer that is known or on its way, or a new one that the caller has to read.
func (a *answers) find(who string, good time.Duration) (one *answer, begins bool) {
	state, now := a.state(), time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if known, ok := a.kept[who]; ok && known.still(now, state) {
		return known, false
	}
	if len(a.kept) >= most {
		maps.DeleteFunc(a.kept, func(_ string, old *answer) bool { return !old.still(now, state) })
	}
	if a.kept == nil || len(a.kept) >= most {
		a.kept = map[string]*answer{}
	}
	one = &answer{done: make(chan struct{}), at: now, state: state, good: good}
	a.kept[who] = one
	return one, true
}

// end has all who wait hear an answer. One that is an error answers nobody else.
func (a *answers) end(who string, one *answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one.err != nil && a.kept[who] == one {
		delete(a.kept, who)
	}
	close(one.done)
}
