package board

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/stage"
)

// lookTime is how long one look may take.
const lookTime = 2 * time.Minute

// watch is a board at work. One goroutine owns it.
type watch struct {
	*Board
	visits  map[tagboat.EnvName]*visit
	follow  map[tagboat.EnvName][]tagboat.EnvName // what is behind an environment depends on it
	answers chan answer
	looking int // looks under way
}

// Run looks until ctx ends: at everything once, and then where it was nudged, where somebody watches,
// and at everything now and then. It is called once. At its end subscriptions end.
func (b *Board) Run(ctx context.Context) error {
	w := &watch{Board: b, visits: map[tagboat.EnvName]*visit{}, follow: map[tagboat.EnvName][]tagboat.EnvName{}, answers: make(chan answer)}
	for _, env := range b.options.Environments {
		w.visits[env.Name] = &visit{environment: env.Name}
		if before, _, ok := stage.Before(b.options.Config, env); ok {
			w.follow[before.Name] = append(w.follow[before.Name], env.Name)
		}
	}
	b.mu.Lock()
	b.running = true
	b.mu.Unlock()
	for ctx.Err() == nil {
		timer := time.NewTimer(w.begin(ctx))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-b.wake:
		case a := <-w.answers:
			w.answered(a)
		}
		timer.Stop()
	}
	b.close()
	for ; w.looking > 0; w.looking-- {
		<-w.answers
	}
	return nil
}

// begin begins the looks that are due, those of each account and region together, and returns how long
// nothing else is.
func (w *watch) begin(ctx context.Context) time.Duration {
	nudged, wanted, watched := w.asked()
	now, next := time.Now(), w.options.Sweep
	var due []config.Environment
	for _, env := range w.options.Environments {
		v := w.visits[env.Name]
		v.nudged = v.nudged || nudged[env.Name]
		if v.looking {
			continue
		}
		v.nudged = v.nudged || wanted[env.Name]
		if in := v.due(watched, w.options.Sweep).Sub(now); in > 0 {
			next = min(next, in)
			continue
		}
		v.looking, v.nudged = true, false
		due = append(due, env)
	}
	for _, there := range fleet.ByPlace(due) {
		w.looking++
		go func() { w.answers <- w.look(ctx, there) }()
	}
	return next
}

// look looks at environments of one place.
func (b *Board) look(ctx context.Context, there []config.Environment) (a answer) {
	a.began = time.Now()
	selected := fleet.Selection{Services: b.options.Services}
	for _, env := range there {
		selected.Environments = append(selected.Environments, env.Name)
	}
	a.asked = selected.Environments
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	var unfrozen atomic.Bool
	ctx, calls := operation.Start(ctx, func(e operation.Event) {
		if u, ok := e.(delivery.Unknown); ok && u.What == delivery.WhetherFrozen {
			unfrozen.Store(true)
		}
	})
	defer func() {
		if fault := recover(); fault != nil { // one environment's poison is not the others'
			detail := tagboat.DetailOf(fmt.Errorf("panic: %v", fault))
			a.failure = &detail
		}
		cost := calls.Calls()
		if b.options.Calls != nil {
			b.options.Calls(cost)
		}
		a.unfrozen, a.throttled, a.end = unfrozen.Load(), cost.Throttled > 0, time.Now()
	}()
	document, err := b.options.Look(ctx, selected)
	if err != nil {
		detail := tagboat.DetailOf(err)
		a.failure = &detail
		return a
	}
	a.document = document
	return a
}

// answered takes an answer up, and has environments looked at if the one before them changed.
func (w *watch) answered(a answer) {
	w.looking--
	was := w.Now()
	events := w.show(a)
	is := w.Now()
	for _, env := range a.asked {
		w.visits[env].ended(a, is.Readings[env].Failure != nil, rolls(is, env))
	}
	for _, e := range events {
		if _, had := was.Standing(e.Environment); e.Kind != Environment || !had {
			continue
		}
		for _, behind := range w.follow[e.Environment] {
			if !slices.Contains(a.asked, behind) {
				w.visits[behind].nudged = true
			}
		}
	}
}
