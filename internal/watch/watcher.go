package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// Run looks at everything, and from then on where the hints of sources point, until ctx ends. It
// begins nothing more then, lets what is under way go on for its grace, and hands back the messages
// of what did not end. The error is that of a source which no trying again mends.
func (w *Watcher) Run(ctx context.Context, sources ...hint.Source) error {
	l, err := w.loop(ctx, rollout.Options{Wait: true, MaxParallel: rollout.DefaultParallel}, w.Settle)
	if err != nil {
		return err
	}
	defer l.interrupt()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	from := listen(ctx, stop, sources)
	sweep := time.NewTicker(w.Sweep)
	defer sweep.Stop()
	l.take(hint.Message{Hints: []hint.Hint{{Source: "sweep", Kind: hint.Everything}}})
	for ctx.Err() == nil {
		l.begin()
		due := l.timer()
		select {
		case <-ctx.Done():
		case m := <-from.messages:
			l.take(m)
		case then := <-l.back:
			then()
		case <-sweep.C:
			l.take(hint.Message{Hints: []hint.Hint{{Source: "sweep", Kind: hint.Everything}}})
		case <-due:
		}
	}
	l.end(w.Grace, from)
	return from.err
}

// inlet is where the messages of all sources come in.
type inlet struct {
	messages chan hint.Message
	ended    chan struct{} // closed once all sources have ended
	err      error         // of sources; read after ended
}

// listen runs sources until ctx ends. One that fails ends the others.
func listen(ctx context.Context, stop func(), sources []hint.Source) *inlet {
	from := &inlet{messages: make(chan hint.Message), ended: make(chan struct{})}
	failed := make([]error, len(sources))
	var all sync.WaitGroup
	for i, source := range sources {
		all.Go(func() {
			if failed[i] = source.Run(ctx, from.messages); failed[i] != nil && ctx.Err() == nil {
				stop()
			} else if ctx.Err() != nil {
				failed[i] = nil
			}
		})
	}
	go func() {
		all.Wait()
		from.err = errors.Join(failed...)
		close(from.ended)
	}()
	return from
}

// loop is a watcher at work. One goroutine owns it; others hand it what is to be done, by back.
type loop struct {
	*Watcher
	notes     *notes
	board     Board
	watched   map[tagboat.EnvName]config.Environment // those that have auto, in scope
	order     []tagboat.EnvName                      // theirs, by stage
	next      map[tagboat.EnvName][]tagboat.EnvName  // that follow an environment
	options   rollout.Options
	dryRun    bool
	once      bool // nothing is looked at again that has to wait
	ctx       context.Context
	interrupt func() // ends the work that is under way
	back      chan func()
	working   int // goroutines that hand something back
	closing   bool
	until     time.Time  // how long rollouts are waited for; the zero time for as long as they take
	decisions []Decision // of a loop that looks once
}

// loop returns one whose work outlives ctx: it goes on until interrupt is called.
func (w *Watcher) loop(ctx context.Context, o rollout.Options, settle time.Duration) (*loop, error) {
	its := *w
	if its.Meter == nil {
		its.Meter = silent{}
	}
	l := &loop{
		Watcher: &its, notes: newNotes(w.Log), board: Board{Settle: settle}, options: o, back: make(chan func()),
		watched: map[tagboat.EnvName]config.Environment{}, next: map[tagboat.EnvName][]tagboat.EnvName{},
	}
	l.board.Overtakes = func(env tagboat.EnvName) bool { return w.Config.StageOf(l.watched[env]).Overtake }
	l.ctx, l.interrupt = context.WithCancel(context.WithoutCancel(ctx))
	environments, err := w.Watched()
	if err != nil {
		return nil, err
	}
	for _, env := range environments {
		l.watched[env.Name] = env
		l.order = append(l.order, env.Name)
		if before, ok := w.follows(env); ok {
			l.next[before.Name] = append(l.next[before.Name], env.Name)
		}
	}
	return l, nil
}

// begin begins the work that is due: each stage's environments together.
func (l *loop) begin() {
	if l.closing {
		return
	}
	var probes []Item
	looks := map[tagboat.StageName][]Item{}
	for _, item := range l.board.Due(time.Now()) {
		if !item.Look {
			probes = append(probes, item)
			continue
		}
		stage := l.watched[item.Environment].Stage
		looks[stage] = append(looks[stage], item)
	}
	if len(probes) > 0 {
		l.work(func() { l.probe(probes) })
	}
	for _, items := range looks {
		l.work(func() { l.look(items) })
	}
}

// work does something beside the loop.
func (l *loop) work(do func()) {
	l.working++
	go func() {
		do()
		l.back <- func() { l.working-- }
	}()
}

// hand has the loop do something, for work.
func (l *loop) hand(do func()) { l.back <- do }

// timer returns a channel that is ready when something is due; nil where nothing is.
func (l *loop) timer() <-chan time.Time {
	next, ok := l.board.Next()
	if !ok {
		return nil
	}
	return time.After(time.Until(next))
}

// settled says how the work on an environment ended, and hands back what was interrupted.
func (l *loop) settled(item Item, o Outcome) {
	if l.closing && !o.Served {
		l.board.HandBack(item.Environment, item.Work, undone(o.Err))
		return
	}
	if l.once {
		var err error
		if o, err = final(o, time.Now()); err != nil {
			l.board.HandBack(item.Environment, item.Work, err)
			return
		}
	}
	l.board.Ended(time.Now(), item.Environment, item.Work, o)
}

// decided notes a decision.
func (l *loop) decided(d Decision, asked Asked, r tagboat.PromotionResult) {
	l.Meter.Decision(d.Kind)
	if l.Looked != nil && d.Kind != Fail {
		l.Looked()
	}
	if l.Decided != nil {
		l.Decided(d)
	}
	if d.Kind == Promote || d.Kind == GoOn {
		l.touch(d.Environment)
	}
	if l.once {
		l.decisions = append(l.decisions, d)
	}
	if d.Kind == Unchanged && !asked.Routine { // who brought it there may have ended before the next stage was looked at
		l.mayFollow(d.Environment)
	}
	before, _ := l.follows(l.watched[d.Environment])
	l.notes.decided(d, looked(asked, before.Name), asked)
	what := ""
	if d.Kind == Fail {
		what = "the registry"
		for _, g := range r.Gates {
			if g.Cause == d.Cause && !g.Passed {
				what = "the " + g.Gate
			}
		}
	}
	l.notes.outage(d.Environment, what, d.Why)
}

// concluded notes how a promotion ended, and has the environments looked at that follow.
func (l *loop) concluded(r tagboat.PromotionResult, asked Asked) {
	for i, d := range slices.Backward(l.decisions) {
		if d.Environment == r.Environment {
			l.decisions[i].State = r.State
			break
		}
	}
	l.notes.ended(r, asked)
	l.touch(r.Environment)
	if r.State == tagboat.PromotionFailed && len(r.Deployments) == 0 {
		l.notes.outage(r.Environment, "the promotion", r.Reason)
	}
	if r.State == tagboat.PromotionDone {
		l.followed(r)
	}
}

// undone is why the message of work that did not end is handed back.
func undone(err error) error {
	if err == nil {
		return hint.ErrUndone
	}
	return fmt.Errorf("%w: %w", hint.ErrUndone, err)
}

// silent is the Meter of who has none.
type silent struct{}

var _ Meter = silent{}

// Hint, and what follows, implement Meter.
func (silent) Hint(string)             {}
func (silent) Decision(Kind)           {}
func (silent) Updated(time.Duration)   {}
func (silent) Succeeded(time.Duration) {}
func (silent) Calls(tagboat.Calls)     {}

// end lets what is under way go on for its grace, and hands back the messages of what is left.
func (l *loop) end(grace time.Duration, from *inlet) {
	l.closing = true
	l.board.HandBackAll(hint.ErrUndone)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	sources := from.ended
	for l.working > 0 || sources != nil {
		select {
		case then := <-l.back:
			then()
		case m := <-from.messages:
			if m.Done != nil {
				m.Done(hint.ErrUndone)
			}
		case <-sources:
			sources = nil
		case <-timer.C:
			l.notes.log.Info("the grace is over: what is under way is handed back", "after", grace.String())
			l.interrupt()
		}
	}
}
