package promotion_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// killer is a transport that dies at a call: nothing that comes after it gets through. Sent says
// whether the call itself still does.
type killer struct {
	next http.RoundTripper
	at   int64
	sent bool
	n    atomic.Int64
}

func (k *killer) RoundTrip(r *http.Request) (*http.Response, error) {
	n := k.n.Add(1)
	if n == k.at && k.sent {
		if answer, err := k.next.RoundTrip(r); err == nil {
			_ = answer.Body.Close()
		}
	}
	if n >= k.at {
		return nil, sandboxtest.ErrReset
	}
	return k.next.RoundTrip(r)
}

// through puts a killer before a transport.
func (k *killer) through(next http.RoundTripper) http.RoundTripper {
	k.next = next
	return k
}

// promoteThrough promotes through a transport, whatever comes of it.
func promoteThrough(w *apptest.World, r promotion.Request, wrap func(http.RoundTripper) http.RoundTripper) (tagboat.PromotionDocument, error) {
	a := w.Open(wrap)
	set, err := a.Promotions.Plan(w.Context(), r)
	if err != nil {
		return tagboat.PromotionDocument{}, err
	}
	return a.Promotions.Do(w.Context(), set, rollout.Options{Wait: true, MaxParallel: 40, Timeout: 5 * time.Minute})
}

// exhaustive reports whether a test is to try everything.
func exhaustive() bool { return os.Getenv("TAGBOAT_EXHAUSTIVE") != "" }

// step is how many calls further the next kill is; TAGBOAT_EXHAUSTIVE=1 kills at each.
func step() int64 {
	switch {
	case exhaustive():
		return 1
	case expect.Race:
		return 27
	default:
		return 15
	}
}

// rounds is how often a race is run.
func rounds() int {
	switch {
	case exhaustive():
		return 100
	case expect.Race:
		return 4
	default:
		return 6
	}
}

// two has two releases, of which the first one is in dev.
func two(w *apptest.World, second ...string) {
	w.Helper()
	for _, name := range []string{"api", "web"} {
		w.Push("shop/" + name + ":v1")
	}
	states(w, w.Promote(promotion.Request{Selection: apptest.In("dev")}), "dev promoted")
	w.Push("shop/api:v2")
	w.Push("shop/web:v2", second...)
	_, err := w.Open().Releases.Create(w.Context(), requestOf("api=v2", "web=v2"))
	if err != nil {
		w.Fatal(err)
	}
}

// TestKilledAtEveryCall kills the promotion of a release at every call, and runs it again: it ends
// in the same state.
func TestKilledAtEveryCall(t *testing.T) {
	for _, c := range []struct {
		name, want string
		labels     []string
	}{
		{"good", "v2 v2 [1 2] active <nil>", nil},
		{"bad", "v1 v1 [1 2-failed] active <nil>", []string{"exit=3@5s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for at := int64(1); ; at++ {
				done := false
				for _, sent := range []bool{false, true} {
					run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
						two(w, c.labels...)
						r := promotion.Request{Selection: apptest.In("dev"), Release: "2"}
						k := &killer{at: at, sent: sent}
						_, _ = promoteThrough(w, r, k.through)
						done = k.n.Load() < at
						w.Promote(r)
						if got := remembers(w); got != c.want {
							w.Errorf("killed at call %d (sent: %t): got %s, want %s", at, sent, got, c.want)
						}
					})
				}
				if done || t.Failed() {
					t.Logf("%d calls", at-1)
					return
				}
				at += step() - 1
			}
		})
	}
}

// remembers returns what dev pins and remembers.
func remembers(w *apptest.World) string {
	w.Helper()
	a := w.Open()
	env := a.Config.Environments["dev"]
	books, err := a.Fleet.Books(w.Context(), []config.Environment{env})
	if err != nil {
		w.Fatal(err)
	}
	had, err := books["dev"].Promotions("dev")
	if err != nil {
		w.Fatal(err)
	}
	var trail []string
	for _, p := range had.Trail {
		name := p.Name
		if p.Failed {
			name += "-failed"
		}
		trail = append(trail, name)
	}
	return fmt.Sprintf("%s %s %v active %v", w.Pinned("api").Tag, w.Pinned("web").Tag, trail, had.Active)
}

// TestTwoAtOnce promotes two releases to one environment at the same time, many rounds: one wins, the
// other says so, and the pins are never a mixture.
func TestTwoAtOnce(t *testing.T) {
	for seed := range rounds() {
		run(t, apptest.Family{Services: []string{"api", "web"}, More: "ledger: {groups: {api: {images: [api]}, web: {images: [web]}}}\n"}, func(w *apptest.World) {
			two(w)
			w.Push("shop/api:v3")
			w.Push("shop/web:v3")
			if _, err := w.Open().Releases.Create(w.Context(), requestOf("api=v3", "web=v3")); err != nil {
				w.Fatal(err)
			}
			var all sync.WaitGroup
			documents, failed := make([]tagboat.PromotionDocument, 2), make([]error, 2)
			for i := range 2 {
				all.Go(func() {
					r := promotion.Request{Selection: apptest.In("dev"), Release: fmt.Sprint(2 + i)}
					documents[i], failed[i] = promoteThrough(w, r, slow(uint64(seed), uint64(i), 400))
				})
			}
			all.Wait()
			won := 0
			for i := range 2 {
				if failed[i] != nil {
					w.Fatal(failed[i])
				}
				switch r := documents[i].Promotions[0]; r.State {
				case tagboat.PromotionDone:
					won++
				case tagboat.PromotionSuperseded, tagboat.PromotionBlocked:
					if r.Reason == "" {
						w.Errorf("seed %d: the other one says nothing", seed)
					}
				default:
					w.Errorf("seed %d: %s: %s", seed, r.State, r.Reason)
				}
			}
			if api, web := w.Pinned("api").Tag, w.Pinned("web").Tag; won == 0 || api != web {
				w.Errorf("seed %d: %d won; api is pinned to %s and web to %s", seed, won, api, web)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestOneReleaseTwiceAtOnce promotes the same release by two processes at the same time, many rounds:
// whichever is quicker with a service, both end with the release there.
func TestOneReleaseTwiceAtOnce(t *testing.T) {
	for seed := range rounds() {
		run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
			two(w)
			var all sync.WaitGroup
			documents, failed := make([]tagboat.PromotionDocument, 2), make([]error, 2)
			for i := range 2 {
				all.Go(func() {
					documents[i], failed[i] = promoteThrough(w, promotion.Request{Selection: apptest.In("dev"), Release: "2"}, slow(uint64(seed), uint64(i), 2000))
				})
			}
			all.Wait()
			for i := range 2 {
				if failed[i] != nil {
					w.Fatal(failed[i])
				}
				r := documents[i].Promotions[0]
				if r.State != tagboat.PromotionDone && r.State != tagboat.PromotionUnchanged {
					w.Errorf("seed %d: run %d ended as %s: %s", seed, i, r.State, r.Reason)
				}
			}
			if got, want := remembers(w), "v2 v2 [1 2] active <nil>"; got != want {
				w.Errorf("seed %d: got %s, want %s", seed, got, want)
			}
			running(w, "dev=v2")
		})
	}
}

// slow delays each request by up to so many milliseconds.
func slow(seed, stream uint64, most int) func(http.RoundTripper) http.RoundTripper {
	random := rand.New(rand.NewPCG(seed, stream))
	var mu sync.Mutex // guards random
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			d := time.Duration(random.IntN(most)) * time.Millisecond
			mu.Unlock()
			<-time.After(d)
			return next.RoundTrip(r)
		})
	}
}
