package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/stage"
)

// round is one look at environments of a stage, with what follows from it.
type round struct {
	*loop
	asked map[tagboat.EnvName]Item

	mu   sync.Mutex
	open map[tagboat.EnvName]Kind // what was decided about those that did not end; "" before it was
}

// look looks at environments of one stage together, so that they share a release, and carries out
// what it decides. Each is handed back to the board as soon as it ended.
func (l *loop) look(items []Item) {
	r := &round{loop: l, asked: map[tagboat.EnvName]Item{}, open: map[tagboat.EnvName]Kind{}}
	request := promotion.Request{Automation: true, DryRun: l.dryRun, Ended: r.ended}
	together := Asked{Routine: true}
	for _, item := range items {
		r.asked[item.Environment], r.open[item.Environment] = item, ""
		request.Environments = append(request.Environments, item.Environment)
		together = *joined(&together, item.Asked)
	}
	request.Message = inWords(together)
	if !together.All && len(together.Images) > 0 {
		request.Newest = together.Images
	}
	ctx, calls := operation.Start(l.ctx, l.notes.hear)
	defer func() {
		if value := recover(); value != nil { // poison for these environments, and for no others
			l.notes.log.Error("panic", "value", fmt.Sprint(value), "stack", string(debug.Stack()))
			r.fail(ctx, fmt.Errorf("panic: %v", value))
		}
	}()
	defer func() { l.Meter.Calls(calls.Calls()) }()
	quick := l.notes.slow(len(items), calls)
	set, err := l.Promotions.Plan(ctx, request)
	quick()
	if err != nil {
		r.fail(ctx, err)
		return
	}
	document := set.Document()
	r.hand(func() { r.notes.warnings(r.watched[items[0].Environment].Stage, document.Warnings) })
	if !r.decide(document) {
		return
	}
	o := l.options
	if !l.until.IsZero() {
		o.Timeout = max(time.Until(l.until), time.Millisecond) // 0 is half an hour
	}
	o.Progress = &progress{round: r, rolling: map[string]bool{}}
	if _, err := l.Promotions.Do(ctx, set, o); err != nil {
		r.fail(ctx, err)
	}
}

// decide decides about each environment, and reports whether there is something to carry out.
func (r *round) decide(document tagboat.PromotionDocument) (acts bool) {
	for _, result := range document.Promotions {
		asked, ok := r.asked[result.Environment]
		if !ok {
			continue
		}
		d := Decide(result, r.Config.StageOf(r.watched[result.Environment]))
		carriesOut := (d.Kind == Promote || d.Kind == GoOn) && !r.dryRun
		acts = acts || carriesOut
		r.mu.Lock()
		r.open[result.Environment] = d.Kind
		r.mu.Unlock()
		r.hand(func() { r.decided(d, asked.Asked, result) })
		if !carriesOut {
			r.end(result.Environment, left(d, time.Now()))
		}
	}
	return acts
}

// ended hears how a promotion ended; of one that was not carried out it heard before.
func (r *round) ended(result tagboat.PromotionResult) {
	r.mu.Lock()
	kind, open := r.open[result.Environment]
	r.mu.Unlock()
	if !open || kind == "" {
		return
	}
	now := time.Now()
	asked := r.asked[result.Environment]
	if result.State == tagboat.PromotionDone && !asked.Since.IsZero() && kind == Promote {
		r.Meter.Succeeded(now.Sub(asked.Since))
	}
	r.hand(func() { r.concluded(result, asked.Asked) })
	o := ended(kind, result, now)
	if result.State == tagboat.PromotionTimedOut && !r.until.IsZero() {
		o = Outcome{Served: true} // the ledger has it, and the clock goes on with it
	}
	r.end(result.Environment, o)
}

// end hands an environment back to the board, once.
func (r *round) end(env tagboat.EnvName, o Outcome) {
	r.mu.Lock()
	_, open := r.open[env]
	delete(r.open, env)
	r.mu.Unlock()
	if open {
		r.hand(func() { r.settled(r.asked[env], o) })
	}
}

// fail ends what did not end, with why it could not be looked at.
func (r *round) fail(ctx context.Context, err error) {
	for _, name := range r.order {
		r.mu.Lock()
		_, open := r.open[name]
		r.mu.Unlock()
		if !open {
			continue
		}
		d := failed(r.watched[name], err)
		asked, o := r.asked[name], left(d, time.Now())
		if ctx.Err() != nil {
			o = Outcome{Soon: true, Err: err}
		}
		r.hand(func() { r.decided(d, asked.Asked, tagboat.PromotionResult{}) })
		r.end(name, o)
	}
}

// failed is the decision about what could not be looked at. What a person has to mend first is left.
func failed(env config.Environment, err error) Decision {
	d := Decision{Environment: env.Name, Stage: env.Stage, Kind: Fail, Cause: tagboat.CauseProblem, Why: inOneLine(err)}
	if forPeople(err) {
		d.Kind = Leave
	}
	return d
}

// forPeople reports whether trying again mends no part of an error.
func forPeople(err error) bool {
	switch e := err.(type) { //nolint:errorlint // each part of a tree counts
	case nil:
		return false
	case *tagboat.Error:
		return e.Kind == tagboat.Usage || e.Kind == tagboat.Blocked
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(e.Unwrap(), func(part error) bool { return !forPeople(part) })
	default:
		return forPeople(errors.Unwrap(err))
	}
}

// inOneLine returns what an error says; the parts of one that has several stand in lines.
func inOneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// probe looks at the ledger alone, and puts on the board where it has something to go on with.
func (l *loop) probe(items []Item) {
	var environments []config.Environment
	for _, item := range items {
		env := l.watched[item.Environment]
		environments = append(environments, env)
		if before, ok := l.follows(env); ok {
			environments = append(environments, before)
		}
	}
	slices.SortFunc(environments, func(a, b config.Environment) int { return cmp.Compare(a.Name, b.Name) })
	environments = slices.CompactFunc(environments, func(a, b config.Environment) bool { return a.Name == b.Name })
	ctx, calls := operation.Start(l.ctx, l.notes.hear)
	defer func() { l.Meter.Calls(calls.Calls()) }()
	books, unread, err := l.Fleet.LookAtBooks(ctx, environments)
	for _, item := range items {
		env := l.watched[item.Environment]
		failures := []error{err}
		before, _ := l.follows(env)
		for _, u := range unread {
			if u.Environment == env.Name || u.Environment == before.Name {
				failures = append(failures, u.Err)
			}
		}
		goesOn, problem := l.goesOn(env, books)
		if err := errors.Join(append(failures, problem)...); err != nil {
			d := Decision{Environment: env.Name, Stage: env.Stage, Kind: Fail, Cause: tagboat.CauseProblem, Why: inOneLine(err)}
			l.hand(func() { l.decided(d, item.Asked, tagboat.PromotionResult{}); l.settled(item, left(d, time.Now())) })
			continue
		}
		l.hand(func() { l.probed(item, goesOn) })
	}
}

// goesOn reports whether the ledger alone shows something to look at: a promotion that is under way
// and does not wait for a window that is closed, or what the stage before has had since.
func (l *loop) goesOn(env config.Environment, books map[tagboat.EnvName]ledger.Book) (bool, error) {
	here, err := books[env.Name].Promotions(env.Name)
	if err != nil {
		return false, err
	}
	now, s := time.Now(), l.Config.StageOf(env)
	if a := here.Active; a != nil {
		if w := s.Gates.Window; w != nil && a.Waits == string(tagboat.CauseWindow) {
			from, _ := stage.Next(*w, now)
			return !from.IsZero() && !from.After(now), nil
		}
		return true, nil
	}
	before, ok := l.follows(env)
	if !ok {
		return false, nil
	}
	had, err := books[before.Name].Promotions(before.Name)
	if err != nil {
		return false, err
	}
	next, _ := stage.Upcoming(now, s.Gates.Soak, stage.Upstream{Environment: before.Name, Had: had}, here)
	return next.ID != "", nil
}

// probed ends a look at the ledger, and has the environment looked at where that showed something.
func (l *loop) probed(item Item, goesOn bool) {
	if !goesOn {
		l.settled(item, Outcome{Served: true})
		return
	}
	l.board.Raise(item.Environment, item.Work)
	l.settled(item, Outcome{Again: time.Now()})
}

// followed puts the environments that follow one on the board.
func (l *loop) followed(r tagboat.PromotionResult) {
	why := fmt.Sprintf("release %s in %s", r.Release.Name, r.Environment)
	l.board.Join(time.Now(), l.of(l.next[r.Environment], Asked{Look: true, All: true, Words: []string{why}}), false, nil)
}

// mayFollow has the ledger looked at for the environments that follow one, where nobody is at work.
func (l *loop) mayFollow(env tagboat.EnvName) {
	idle := slices.DeleteFunc(slices.Clone(l.next[env]), l.board.AtWork)
	l.board.Join(time.Now(), l.of(idle, Asked{Routine: true, Words: []string{"release of " + string(env)}}), false, nil)
}

// progress hears when services are told to run what was pushed.
type progress struct {
	*round
	mu      sync.Mutex
	rolling map[string]bool
}

var _ rollout.Progress = (*progress)(nil)

// Event implements rollout.Progress.
func (p *progress) Event(u rollout.Update) {
	asked := p.asked[u.Environment]
	key := string(u.Environment) + " " + string(u.Service)
	p.mu.Lock()
	first := u.State == rollout.StateRolling && !p.rolling[key]
	p.rolling[key] = p.rolling[key] || first
	p.mu.Unlock()
	p.round.mu.Lock()
	kind := p.open[u.Environment]
	p.round.mu.Unlock()
	if first {
		p.touch(u.Environment)
	}
	if first && kind == Promote && !asked.Since.IsZero() {
		p.Meter.Updated(time.Since(asked.Since))
	}
}
