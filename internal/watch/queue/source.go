package queue

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/wait"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// Source hands the messages of a queue over. Its fields do not change once it runs.
type Source struct {
	SQS   SQS
	Now   func() time.Time // by AWS's clock; nil for the local one
	Grace time.Duration    // how long messages in hand may take once the context ended
	Most  int              // messages in hand; 0 for 2,000
	Log   *slog.Logger     // nil for none
	// Age hears how long ago the oldest message in hand was sent, and Dropped of each message that
	// was deleted because nobody knows it. Either may be nil.
	Age     func(time.Duration)
	Dropped func()
	// Received hears how each attempt to receive went; nil for nobody.
	Received func(error)

	parse func([]byte) ([]hint.Hint, error) // nil for hint.Parse
}

var _ hint.Source = (*Source)(nil)

const (
	most      = 2000
	tick      = 10 * time.Second       // how often messages in hand are looked at
	gather    = 100 * time.Millisecond // how long what is to be deleted gathers
	callLasts = 20 * time.Second
	atOnce    = 10 // messages of a batch
)

// Run implements hint.Source. The error is that of a queue that cannot be reached the first time,
// and that trying again does not mend.
func (s *Source) Run(ctx context.Context, out chan<- hint.Message) error {
	r := &run{Source: *s, hand: newHand(), out: out, maxReceives: unknown}
	if r.Log == nil {
		r.Log = slog.New(slog.DiscardHandler)
	}
	if r.Now == nil {
		r.Now = time.Now
	}
	if r.Most == 0 {
		r.Most = most
	}
	if r.parse == nil {
		r.parse = hint.Parse
	}
	r.outage = outage{log: r.Log}
	after := context.WithoutCancel(ctx)
	stop, kept := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(kept)
		r.keep(after, stop)
	}()
	err := r.receive(ctx)
	r.finish()
	close(stop)
	<-kept
	r.handBack(after)
	return err
}

// run is one run of a Source.
type run struct {
	Source
	hand        *hand
	out         chan<- hint.Message
	outage      outage
	maxReceives int // of a message, until it goes to the dead-letter queue
}

// What maxReceives is before it is known, and where there is no dead-letter queue.
const unknown, boundless = -1, 0

// receive receives until the context ends.
func (r *run) receive(ctx context.Context) error {
	const first, longest = time.Second, time.Minute
	reached := false
	for pause := first; ctx.Err() == nil; {
		for r.hand.size() >= r.Most && ctx.Err() == nil {
			select {
			case <-r.hand.freed:
			case <-ctx.Done():
			}
		}
		messages, err := r.SQS.Receive(ctx, visibility)
		if err != nil && ctx.Err() != nil {
			continue
		}
		if r.Received != nil {
			r.Received(err)
		}
		switch {
		case err != nil && !reached && isFinal(err):
			return err
		case err != nil:
			r.outage.begun(ctx, "receive", err)
			_ = wait.For(ctx, pause) // the loop ends with the context
			pause = min(2*pause, longest)
			continue
		}
		reached, pause = true, first
		r.outage.ended(ctx, "receive", r.hand.size() == 0)
		r.learn(ctx)
		for _, m := range messages {
			r.take(ctx, m)
		}
		r.age()
	}
	return nil
}

// isFinal reports whether an error stays until somebody changes something.
func isFinal(err error) bool {
	var refused ecs.RefusedError
	return tagboat.KindOf(err) == tagboat.Usage || errors.As(err, &refused)
}

// learn asks once how often a message may be received.
func (r *run) learn(ctx context.Context) {
	if r.maxReceives != unknown {
		return
	}
	n, err := r.SQS.MaxReceives(ctx)
	switch {
	case err != nil && !isFinal(err):
		return
	case err != nil:
		r.Log.WarnContext(ctx, "whether the queue has a dead-letter queue is not known", "error", err.Error(), "hint", tagboat.HintOf(err))
	case n == 0:
		r.Log.WarnContext(ctx, "the queue has no dead-letter queue: a message that cannot be handled comes back until its retention ends",
			"hint", "set a RedrivePolicy on the queue, as docs/watch.md does")
	}
	r.maxReceives = max(n, boundless)
}

// take puts a message in hand and hands it over. What is no event is deleted.
func (r *run) take(ctx context.Context, m Message) {
	hints, err := Read(r.parse, m.Body)
	i := r.hand.take(m, time.Now())
	var broken Panic
	switch {
	case i == nil: // it is in hand already
	case errors.As(err, &broken):
		r.hand.done(i, err)
	case err != nil || len(hints) == 0:
		r.drop(ctx, m, err)
		r.hand.done(i, nil)
	default:
		select {
		case r.out <- hint.Message{Hints: hints, Done: func(err error) { r.hand.done(i, err) }}:
		case <-ctx.Done():
			r.hand.done(i, hint.ErrUndone)
		}
	}
}

func (r *run) drop(ctx context.Context, m Message, err error) {
	if r.Dropped != nil {
		r.Dropped()
	}
	Drop(ctx, r.Log, m, err)
}

// keep has SQS know what becomes of the messages in hand, until it is to stop.
func (r *run) keep(ctx context.Context, stop <-chan struct{}) {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		select {
		case <-stop:
			return
		case <-r.hand.wake:
			_ = wait.For(ctx, gather) // which does not end
		case <-ticks.C:
			r.age()
		}
		r.carryOut(ctx, r.hand.due(time.Now()))
	}
}

// carryOut tells SQS. What fails is due again at the next tick, or lapses.
func (r *run) carryOut(ctx context.Context, w work) {
	for _, i := range w.returned {
		r.giveBack(ctx, i)
	}
	for batch := range slices.Chunk(w.extended, atOnce) {
		until := time.Now().Add(visibility)
		failed, ok := r.call(ctx, "extend", batch, func(ctx context.Context, receipts []string) ([]string, error) {
			return r.SQS.Extend(ctx, receipts, visibility)
		})
		if !ok {
			break
		}
		r.hand.kept(without(batch, failed), until)
	}
	for batch := range slices.Chunk(w.finished, atOnce) {
		failed, ok := r.call(ctx, "delete", batch, r.SQS.Delete)
		if !ok {
			break
		}
		r.hand.deleted(without(batch, failed))
	}
}

// giveBack has others see a message again: at once where it did not fail, or failed for the last
// time, and else after a pause.
func (r *run) giveBack(ctx context.Context, i item) {
	pause := time.Duration(0)
	last := r.maxReceives > boundless && i.received >= r.maxReceives
	switch {
	case errors.Is(i.failed, hint.ErrUndone) && !last:
	case errors.Is(i.failed, hint.ErrUndone):
		r.Log.WarnContext(ctx, "a message goes to the dead-letter queue, though it did not fail: it was received too often", "message", i.id, "received", i.received)
	case last:
		r.Log.ErrorContext(ctx, "a message failed, and this was the last time: it goes to the dead-letter queue",
			"message", i.id, "received", i.received, "error", i.failed.Error(), "hint", tagboat.HintOf(i.failed))
	default:
		pause = pauseOf(i.received)
		r.Log.WarnContext(ctx, "a message failed and comes again", "message", i.id, "received", i.received, "atMost", max(r.maxReceives, boundless),
			"in", pause.String(), "error", i.failed.Error(), "hint", tagboat.HintOf(i.failed))
	}
	r.call(ctx, "extend", []item{i}, func(ctx context.Context, receipts []string) ([]string, error) {
		return r.SQS.Extend(ctx, receipts, pause)
	})
}

// pauseOf returns how long a message rests that failed for the n-th time.
func pauseOf(n int) time.Duration {
	const first, longest = 10 * time.Second, 15 * time.Minute
	return min(first<<min(max(n-1, 0), 10), longest)
}

// call makes one call for a batch, and returns the receipts that it failed for, and whether the
// call itself succeeded.
func (r *run) call(ctx context.Context, name string, batch []item, f func(context.Context, []string) ([]string, error)) (failed []string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, callLasts)
	defer cancel()
	var receipts []string
	for _, i := range batch {
		receipts = append(receipts, i.receipt)
	}
	failed, err := f(ctx, receipts)
	if err != nil {
		r.outage.begun(ctx, name, err)
		return nil, false
	}
	r.outage.ended(ctx, name, false)
	return failed, true
}

func without(batch []item, receipts []string) []item {
	return slices.DeleteFunc(slices.Clone(batch), func(i item) bool { return slices.Contains(receipts, i.receipt) })
}

// finish waits until nothing is in hand, or the grace is over.
func (r *run) finish() {
	over := time.NewTimer(r.Grace)
	defer over.Stop()
	for r.hand.size() > 0 {
		select {
		case <-r.hand.freed:
		case <-over.C:
			return
		}
	}
}

// handBack deletes what is done with, and gives the rest to others at once.
func (r *run) handBack(ctx context.Context) {
	r.carryOut(ctx, r.hand.due(time.Now()))
	for batch := range slices.Chunk(r.hand.rest(), atOnce) {
		r.call(ctx, "extend", batch, func(ctx context.Context, receipts []string) ([]string, error) {
			return r.SQS.Extend(ctx, receipts, 0)
		})
	}
}

func (r *run) age() {
	if r.Age != nil {
		now := r.Now()
		r.Age(now.Sub(r.hand.oldest(now)))
	}
}
