package home_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// digest is the id of the nth release.
func digest(n int) tagboat.Digest { return tagboat.Digest("sha256:" + fmt.Sprintf("%064x", n)) }

// open returns a home of its own, whose releases are called by a pattern.
func open(w *apptest.World, path, pattern string, wrap ...func(http.RoundTripper) http.RoundTripper) *home.Home {
	return at(w.Open(wrap...).Fleet.Access, path, pattern)
}

func at(ways *access.Access, path, pattern string) *home.Home {
	return &home.Home{Access: ways, Config: &config.Config{
		Home: config.Home{Path: path, Freeze: "/tagboat/freeze"}, Releases: config.Releases{Name: pattern},
	}}
}

// run runs a story in a World with a configuration.
func run(t *testing.T, story func(w *apptest.World)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{}.Configure(w)
		story(w)
	})
}

func names(numbered []home.Numbered) []string {
	var all []string
	for _, n := range numbered {
		all = append(all, n.Name)
	}
	return all
}

func TestNumbers(t *testing.T) {
	run(t, func(w *apptest.World) {
		h := open(w, "/tagboat/shop", "v{seq}")
		for i := range 2 {
			got := expect.Value(h.Number(w.Context(), home.Numbered{ID: digest(i), Commit: "abc", From: "dev"}))(t)
			expect.EqualIn(t, "name", fmt.Sprintf("v%d", i+1), got.Name)
		}
		expect.EqualIn(t, "calls", 2, w.Calls(""))
		w.Later(24 * time.Hour)
		dated := open(w, "/tagboat/shop", "{date}-{n}")
		before := w.Calls("")
		for i := range 2 {
			expect.Value(dated.Number(w.Context(), home.Numbered{ID: digest(10 + i)}))(t)
		}
		expect.EqualIn(t, "calls of two names with a date, after others", 5, w.Calls("")-before)
		for _, foreign := range []string{"by hand", `{"name":"17","id":"` + string(digest(3)) + `"}`, `{"name":"{seq}","id":"17"}`,
			`{"name":"{date}-{n}","id":"` + string(digest(3)) + `","day":"2026-01-02","base":99,"on":4}`} {
			w.AWS("ssm.PutParameter", map[string]any{"Name": "/tagboat/shop/releases", "Value": foreign, "Overwrite": true})
		}
		w.Later(24 * time.Hour)
		for i := range 2 {
			expect.Value(dated.Number(w.Context(), home.Numbered{ID: digest(20 + i)}))(t)
		}
		got := expect.Value(h.Numbers(w.Context()))(t)
		expect.Equal(t, []string{"2026-01-03-2", "2026-01-03-1", "2026-01-02-2", "2026-01-02-1", "v2", "v1"}, names(got))
		want := home.Numbered{Name: "v1", ID: digest(0), Commit: "abc", From: "dev", By: "arn:aws:iam::123456789012:user/sandbox", At: got[5].At}
		expect.Equal(t, want, got[5])
	})
}

// TestNumberOnce loses answers and refuses writes: a release gets one name all the same.
func TestNumberOnce(t *testing.T) {
	yes := true
	for name, fault := range map[string]sandbox.Fault{
		"the answer gets lost": {Operation: "ssm.PutParameter", Kind: "reset", After: &yes, Count: 1},
		"the call gets lost":   {Operation: "ssm.PutParameter", Kind: "reset", After: new(bool), Count: 1},
		"too many write":       {Operation: "ssm.PutParameter", Kind: "error", Code: "TooManyUpdates", Status: 400, Count: 1},
	} {
		for _, pattern := range []string{"{seq}", "{date}-{n}"} {
			t.Run(name+", "+pattern, func(t *testing.T) {
				run(t, func(w *apptest.World) {
					h := open(w, "/tagboat/shop", pattern)
					w.Fault(fault)
					got := expect.Value(h.Number(w.Context(), home.Numbered{ID: digest(1)}))(t)
					expect.Equal(t, []string{got.Name}, names(expect.Value(h.Numbers(w.Context()))(t)))
				})
			})
		}
	}
}

// TestAHundredNumbers goes past what Parameter Store keeps.
func TestAHundredNumbers(t *testing.T) {
	run(t, func(w *apptest.World) {
		h := open(w, "/tagboat/shop", "{date}-{n}")
		for i := range 130 {
			expect.Value(h.Number(w.Context(), home.Numbered{ID: digest(i)}))(t)
		}
		got := names(expect.Value(h.Numbers(w.Context()))(t))
		expect.EqualIn(t, "kept", 100, len(got))
		expect.EqualIn(t, "newest", "2026-01-01-130", got[0])
		expect.EqualIn(t, "oldest", "2026-01-01-31", got[99])
	})
}

// TestRacesForANumber has writers read and write in every order, and a day end in between:
// no two releases get the same name, and readers see the names that the writers got.
func TestRacesForANumber(t *testing.T) {
	run(t, func(w *apptest.World) {
		r := racers{World: w, days: new(atomic.Int64)}
		r.reader = w.Open((&stepped{days: r.days}).wrap).Fleet.Access
		for range 3 {
			s := &stepped{asks: make(chan bool), may: make(chan bool), days: r.days}
			r.steps, r.writers = append(r.steps, s), append(r.writers, w.Open(s.wrap).Fleet.Access)
		}
		orders := r.orders([]int{2, 2, 2, 1}, nil)
		expect.EqualIn(t, "orders", 105, len(orders))
		for i, order := range orders {
			r.race(fmt.Sprintf("/race/%d", i), order)
		}
	})
}

// racers are writers that take a step when they are told to.
type racers struct {
	*apptest.World
	days    *atomic.Int64 // that have ended
	reader  *access.Access
	writers []*access.Access
	steps   []*stepped
}

// orders returns all orders of a read and a write of each writer, and of midnight. Writers are
// alike: each takes its first step after those before it.
func (r racers) orders(left, order []int) [][]int {
	var all [][]int
	for actor := range left {
		if left[actor] == 0 || actor > 0 && actor < len(r.writers) && left[actor-1] == 2 {
			continue
		}
		left[actor]--
		all = append(all, r.orders(left, append(slices.Clone(order), actor))...)
		left[actor]++
	}
	if len(order) == 2*len(r.writers)+1 {
		return [][]int{order}
	}
	return all
}

// race has the writers take their steps in an order.
func (r racers) race(path string, order []int) {
	r.Helper()
	const pattern = "{date}-{n}"
	results := []home.Numbered{expect.Value(at(r.reader, path, pattern).Number(r.Context(), home.Numbered{ID: digest(99)}))(r.T)}
	var all sync.WaitGroup
	var mu sync.Mutex
	for i, writer := range r.writers {
		all.Go(func() {
			got, err := at(writer, path, pattern).Number(r.Context(), home.Numbered{ID: digest(i)})
			expect.OK(r.T, err)
			mu.Lock()
			defer mu.Unlock()
			results = append(results, got)
		})
	}
	for _, actor := range order {
		if actor == len(r.writers) {
			r.days.Add(1)
			continue
		}
		r.steps[actor].take()
	}
	all.Wait()
	want, got := names(expect.Value(at(r.reader, path, pattern).Numbers(r.Context()))(r.T)), names(results)
	slices.Sort(want)
	slices.Sort(got)
	expect.EqualIn(r.T, fmt.Sprintf("order %v: what readers see", order), want, got)
	expect.EqualIn(r.T, fmt.Sprintf("order %v: %v, different names", order, got), len(r.writers)+1, len(slices.Compact(want)))
}

// stepped lets reads of the newest version and writes through when it is their turn, on the day
// that it is.
type stepped struct {
	next      http.RoundTripper
	asks, may chan bool     // nil for one that takes no turns
	days      *atomic.Int64 // that have ended
}

func (s *stepped) wrap(next http.RoundTripper) http.RoundTripper {
	s.next = next
	return s
}

// take lets one call through, and waits for its answer.
func (s *stepped) take() {
	<-s.asks
	s.may <- true
	<-s.may
}

// RoundTrip implements http.RoundTripper.
func (s *stepped) RoundTrip(r *http.Request) (*http.Response, error) {
	target := r.Header.Get("X-Amz-Target")
	if s.asks == nil || !strings.HasSuffix(target, ".GetParameters") && !strings.HasSuffix(target, ".PutParameter") {
		return s.dated(s.next.RoundTrip(r))
	}
	s.asks <- true
	<-s.may
	answer, err := s.dated(s.next.RoundTrip(r))
	s.may <- true
	return answer, err
}

func (s *stepped) dated(answer *http.Response, err error) (*http.Response, error) {
	if err == nil {
		answer.Header.Set("Date", time.Now().UTC().AddDate(0, 0, int(s.days.Load())).Format(http.TimeFormat))
	}
	return answer, err
}
