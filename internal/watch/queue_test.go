package watch_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/queue"
)

// worker is a watcher that works on a queue.
type worker struct {
	log  lines
	stop func() error // waits for its end
}

// workOn begins one, as a process that was just started does, with a change of how it works.
func workOn(w *apptest.World, inbox apptest.Inbox, change func(*watch.Watcher), wrap ...func(http.RoundTripper) http.RoundTripper) *worker {
	at := &worker{}
	a := w.Open(wrap...)
	watcher := a.Watcher()
	watcher.Log, watcher.Sweep = textLog(&at.log), 24*time.Hour
	if change != nil {
		change(watcher)
	}
	q := a.Fleet.Access.Queue(inbox.URL)
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- watcher.Run(ctx, &queue.Source{SQS: q, Now: q.Now, Grace: watcher.Grace, Log: watcher.Log})
	}()
	at.stop = func() error { cancel(); return <-ended }
	return at
}

// has expects that a log has a text so often.
func (at *worker) has(w *apptest.World, text string, times int) {
	w.Helper()
	if n := strings.Count(at.log.String(), text); n != times {
		w.Errorf("the log has %q %d times, want %d:\n%s", text, n, times, at.log.String())
	}
}

func empty(w *apptest.World, inbox apptest.Inbox, dead int) {
	w.Helper()
	waiting, gone := inbox.Left()
	expect.EqualIn(w, "waiting and dead", [2]int{0, dead}, [2]int{waiting, gone})
}

// TestQueueIsAway: the queue is away for ten minutes, while a rollout goes on and while something is
// pushed. That is said once, and caught up with: nothing is deployed twice, and nothing is lost.
func TestQueueIsAway(t *testing.T) {
	family := apptest.Family{Services: []string{"api", "web"}, Stages: "[{name: dev, auto: newest}, {name: staging}, {name: prod}]"}
	run(t, family, func(w *apptest.World) {
		inbox := w.Inbox(5)
		w.Push("shop/api:v1")
		w.Push("shop/web:v1")
		var away atomic.Bool
		at := workOn(w, inbox, nil, func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if away.Load() && strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.") {
					return nil, sandboxtest.ErrReset
				}
				return next.RoundTrip(r)
			})
		})
		w.Later(10 * time.Minute)
		w.Push("shop/web:v2", "start=5m")
		w.Later(time.Minute)
		away.Store(true)
		w.Later(5 * time.Minute)
		w.Push("shop/api:v2")
		w.Later(5 * time.Minute)
		away.Store(false)
		w.Later(10 * time.Minute)
		expect.OK(w, at.stop())
		for _, env := range []tagboat.EnvName{"dev", "mb-dev"} {
			expect.Equal(w, "v2", runs(w, env, "api"))
			expect.Equal(w, "v2", runs(w, env, "web"))
		}
		expect.Equal(w, 4, w.Calls("ecs.UpdateService"))
		at.has(w, "the queue cannot be used; trying again", 1)
		at.has(w, "the queue can be used again", 1)
		empty(w, inbox, 0)
	})
}

// bomb panics where it plans for an image.
type bomb struct {
	watch.Promotions
	image tagboat.ImageName
}

// Plan implements watch.Promotions.
func (b bomb) Plan(ctx context.Context, r promotion.Request) (*promotion.Set, error) {
	for _, image := range r.Newest {
		if image == b.image {
			panic("a bomb in " + image)
		}
	}
	return b.Promotions.Plan(ctx, r)
}

// TestPoison: a message whose handling fails again and again, or panics, goes to the dead-letter queue,
// and the log says why; the others are not held up by it.
func TestPoison(t *testing.T) {
	family := apptest.Family{Services: []string{"api", "web"}, Stages: "[{name: dev, auto: newest}, {name: staging}, {name: prod}]"}
	run(t, family, func(w *apptest.World) {
		inbox := w.Inbox(3)
		w.Push("shop/api:v1")
		w.Push("shop/web:v1")
		w.Promote(promotion.Request{Selection: apptest.In("dev"), Automation: true})
		w.Promote(promotion.Request{Selection: apptest.In("mb-dev"), Automation: true})
		for _, m := range inbox.Receive() {
			inbox.Delete(m)
		}
		at := workOn(w, inbox, func(watcher *watch.Watcher) { watcher.Promotions = bomb{watcher.Promotions, "web"} })
		w.Later(time.Minute)
		w.Push("shop/web:v2")
		w.Later(5 * time.Hour)
		at.has(w, "a message failed and comes again", 2)
		at.has(w, "a message failed, and this was the last time: it goes to the dead-letter queue", 1)
		if !strings.Contains(at.log.String(), `error="dev: panic: a bomb in web"`) {
			w.Errorf("it does not say why:\n%s", at.log.String())
		}
		empty(w, inbox, 1)
		expect.OK(w, at.stop())
	})
}

func textLog(l *lines) *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
