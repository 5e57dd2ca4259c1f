package watch_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/watch/queue"
)

// mortal is the transport of a process that is killed at a call: nothing that comes after it gets
// through. Sent says whether the call itself still does.
type mortal struct {
	next http.RoundTripper
	at   int64 // 0 for never
	sent bool
	died func()
	n    atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (k *mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	n := k.n.Add(1)
	switch {
	case k.at == 0 || n < k.at:
		return k.next.RoundTrip(r)
	case n == k.at && k.sent:
		if answer, err := k.next.RoundTrip(r); err == nil {
			_ = answer.Body.Close()
		}
	}
	k.died()
	return nil, sandboxtest.ErrReset
}

// work has a watcher work on a queue, as a process that was just started does, until it dies or ctx
// ends.
func work(ctx context.Context, w *apptest.World, url string, k *mortal, log *lines) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	k.died = cancel
	a := w.Open(func(next http.RoundTripper) http.RoundTripper { k.next = next; return k })
	watcher := a.Watcher()
	watcher.Sweep = 24 * time.Hour // else it finds what a message lost that was deleted too early
	watcher.Log, watcher.Grace = textLog(log), 0
	if k.at == 0 {
		watcher.Grace = a.Config.Watch.Grace
	}
	q := a.Fleet.Access.Queue(url)
	return watcher.Run(ctx, &queue.Source{SQS: q, Now: q.Now, Grace: watcher.Grace, Log: watcher.Log})
}

// TestWatcherKilledAtEveryCall has two watchers on one queue, of which one is killed at every call in
// turn: everything ends right, nothing is deployed twice, and no message is lost.
func TestWatcherKilledAtEveryCall(t *testing.T) {
	step := int64(18)
	switch {
	case os.Getenv("TAGBOAT_EXHAUSTIVE") != "":
		step = 1
	case expect.Race:
		step = 45
	}
	family := apptest.Family{Services: []string{"api", "web"}, Stages: "[{name: dev, auto: newest}, {name: staging, auto: upstream}, {name: prod}]"}
	for at := int64(1); ; at += step {
		alive, sent := false, at/step%2 == 0
		run(t, family, func(w *apptest.World) {
			k := &mortal{at: at, sent: sent}
			n, problem := twoWatchers(w, k)
			alive = n < at
			if problem != "" {
				w.Errorf("killed at call %d (sent: %t): %s", at, sent, problem)
			}
		})
		if alive || t.Failed() {
			t.Logf("%d calls", at-1)
			return
		}
	}
}

// twoWatchers has two watchers hear of two pushes, one of which may die and begins anew later. It returns how many calls
// that one made until all was over, and what is not as it should be.
func twoWatchers(w *apptest.World, k *mortal) (calls int64, problem string) {
	w.Helper()
	inbox := w.Inbox(5)
	w.Push("shop/api:v1")
	w.Push("shop/web:v1")
	ctx, stop := context.WithCancel(w.Context())
	logs := [3]lines{}
	other := &mortal{}
	var all sync.WaitGroup
	begin := func(k *mortal, log *lines) {
		all.Go(func() {
			if err := work(ctx, w, inbox.URL, k, log); err != nil {
				w.Error(err)
			}
		})
	}
	begin(other, &logs[1])
	w.Later(10 * time.Minute)
	created := w.Calls("ecs.CreateService")
	begin(k, &logs[0])
	w.Later(7 * time.Second)
	w.Push("shop/web:v2")
	w.Later(time.Second)
	w.Push("shop/api:v2")
	w.Later(10 * time.Minute)
	calls = k.n.Load()
	got := fmt.Sprintf("by messages alone: dev %s, mb-dev %s; ", versions(w, "dev"), versions(w, "mb-dev"))
	begin(&mortal{}, &logs[2]) // what follows a promotion that was killed with its watcher is found by a sweep
	w.Later(10 * time.Minute)
	stop()
	all.Wait()
	got += fmt.Sprintf("%d created, %d updated", created, w.Calls("ecs.UpdateService"))
	for _, env := range []tagboat.EnvName{"dev", "mb-dev", "staging", "mb-staging"} {
		got += ", " + string(env) + " " + versions(w, env)
	}
	waiting, dead := inbox.Left()
	got += fmt.Sprintf(", %d messages left, %d dead", waiting, dead)
	want := "by messages alone: dev v2 v2, mb-dev v2 v2; 8 created, 8 updated, dev v2 v2, mb-dev v2 v2, staging v2 v2, mb-staging v2 v2, 0 messages left, 0 dead"
	if got != want {
		problem = fmt.Sprintf("got\n%s, want\n%s\nthe one that is killed:\n%s\nthe other one:\n%s", got, want, logs[0].String(), logs[1].String())
	}
	return calls, problem
}

// versions returns the versions of api and web that an environment has, or why its promotion did not end.
func versions(w *apptest.World, env tagboat.EnvName) string {
	w.Helper()
	a := w.Open()
	books, err := a.Fleet.Books(w.Context(), []config.Environment{a.Config.Environments[env]})
	if err != nil {
		w.Fatal(err)
	}
	had, err := books[env].Promotions(env)
	if err != nil || had.Active != nil {
		return fmt.Sprintf("under way: %+v, %v", had.Active, err)
	}
	api, _ := books[env].Pin(env, "api")
	web, _ := books[env].Pin(env, "web")
	return api.Tag + " " + web.Tag
}
