package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/hint"
	"github.com/tagboat/tagboat/internal/watch/queue"
)

// Watching opens the watcher of a process at the first event, and keeps it.
type Watching struct {
	// Open opens the watcher. An error is not remembered.
	Open func(context.Context) (*watch.Watcher, error)

	mu      sync.Mutex
	watcher *watch.Watcher
	swept   time.Time // when everything was looked at last
}

// Bounds of the work of one call. What is under way at the end of its time goes on from the next
// event, and from the schedule.
const (
	longestCall  = 60 * time.Second
	longestGrace = 5 * time.Second
	rollouts     = 10 * time.Second // how long they are waited for: what fails at once is seen at once
)

// open returns the watcher, which brings something somewhere.
func (w *Watching) open(ctx context.Context) (*watch.Watcher, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watcher != nil {
		return w.watcher, nil
	}
	watcher, err := w.Open(ctx)
	if err != nil {
		return nil, err
	}
	automatic := func(s config.Stage) bool { return s.Auto == config.AutoNewest || s.Auto == config.AutoUpstream }
	if !slices.ContainsFunc(watcher.Config.Stages, automatic) {
		return nil, tagboat.Usagef("an event came, and no stage of tagboat.yaml says auto: there is nothing that automation may do").
			WithHint("give a stage auto: newest or auto: upstream, or remove the rule or the queue that calls this function")
	}
	w.watcher = watcher
	return watcher, nil
}

// due has a schedule look at everything where that was long ago, and else only at what is under way.
func (w *Watching) due(m hint.Message, sweep time.Duration) hint.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	isTick := func(h hint.Hint) bool { return h.Kind == hint.Tick }
	if !slices.ContainsFunc(m.Hints, isTick) || time.Since(w.swept) < sweep {
		return m
	}
	w.swept = time.Now()
	return hint.Message{Hints: []hint.Hint{{Source: "sweep", Kind: hint.Everything}}, Done: func(err error) {
		if err != nil {
			w.mu.Lock()
			w.swept = time.Time{}
			w.mu.Unlock()
		}
		m.Done(err)
	}}
}

// serve looks where messages point, within the time that the call has.
func (w *Watching) serve(ctx context.Context, messages []hint.Message) error {
	watcher, err := w.open(ctx)
	if err != nil {
		return err
	}
	for i := range messages {
		messages[i] = w.due(messages[i], watcher.Sweep)
	}
	lasts := longestCall
	if deadline, ok := ctx.Deadline(); ok {
		lasts = min(lasts, time.Until(deadline)*9/10)
	}
	bounded := *watcher
	bounded.Grace = min(longestGrace, lasts/4)
	ctx, cancel := context.WithTimeout(ctx, lasts-bounded.Grace)
	defer cancel()
	_, err = bounded.Serve(ctx, messages, watch.OnceOptions{Bound: max(min(rollouts, lasts/3), time.Millisecond)})
	return err
}

// batch is what Lambda calls a function with that reads a queue.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
type batch struct {
	Records []record
}

type record struct {
	ID         string `json:"messageId"`
	Source     string `json:"eventSource"`
	Body       string `json:"body"`
	Attributes struct {
		Received string `json:"ApproximateReceiveCount"`
	} `json:"attributes"`
}

// readBatch returns the messages of a queue that an event has; none of another event.
func readBatch(event []byte) []record {
	var b batch
	if json.Unmarshal(event, &b) != nil || slices.ContainsFunc(b.Records, func(r record) bool { return r.Source != "aws:sqs" }) {
		return nil
	}
	return b.Records
}

// outcome is what Lambda is told of a batch: the messages that are to come again.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
type outcome struct {
	Failures []failure `json:"batchItemFailures"`
}

type failure struct {
	ID string `json:"itemIdentifier"`
}

// batch answers messages of a queue. The error is that of a function that could look at none.
func (f *Function) batch(ctx context.Context, records []record) ([]byte, error) {
	out := outcome{Failures: []failure{}}
	var messages []hint.Message
	for _, r := range records {
		failed := func(err error) {
			if err != nil {
				out.Failures = append(out.Failures, failure{r.ID})
				f.Log.WarnContext(ctx, "a message failed and comes again", "message", r.ID, "received", r.Attributes.Received, "error", err.Error(), "hint", tagboat.HintOf(err))
			}
		}
		hints, err := queue.Read(hint.Parse, r.Body)
		var broken queue.Panic
		switch {
		case errors.As(err, &broken):
			failed(err)
		case err != nil || len(hints) == 0:
			queue.Drop(ctx, f.Log, queue.Message{ID: r.ID, Body: r.Body}, err)
		default:
			messages = append(messages, hint.Message{Hints: hints, Done: failed})
		}
	}
	if len(messages) > 0 {
		if err := f.Watching.serve(ctx, messages); err != nil {
			f.refused(ctx, err)
			return nil, err
		}
	}
	return json.Marshal(out)
}

// event answers an event of EventBridge. An error has Lambda call again.
func (f *Function) event(ctx context.Context, hints []hint.Hint) error {
	var failed error
	err := f.Watching.serve(ctx, []hint.Message{{Hints: hints, Done: func(err error) { failed = err }}})
	if err = errors.Join(err, failed); err != nil {
		f.refused(ctx, err)
	}
	return err
}

func (f *Function) refused(ctx context.Context, err error) {
	f.Log.ErrorContext(ctx, err.Error(), "hint", tagboat.HintOf(err))
}
