package board_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/serve/board"
)

// world is what a board looks at: a version and a state of one service in each environment. dev and
// prod are in one account, and mb in another.
type world struct {
	mu        sync.Mutex
	versions  map[tagboat.EnvName]string
	state     string
	broken    tagboat.EnvName
	throttled bool
	took      time.Duration
	looks     []string // at which second, and where
	began     time.Time
}

func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// looked returns when it was looked at what since the last call.
func (w *world) looked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	looks := w.looks
	w.looks = nil
	return looks
}

func (w *world) look(ctx context.Context, s fleet.Selection) (tagboat.StatusDocument, error) {
	w.mu.Lock()
	took := w.took
	w.looks = append(w.looks, fmt.Sprintf("%v %v", time.Since(w.began), s.Environments))
	w.mu.Unlock()
	if took > 0 {
		select {
		case <-time.After(took):
		case <-ctx.Done():
			return tagboat.StatusDocument{}, ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.throttled {
		operation.From(ctx).Throttled("ecs.DescribeServices")
	}
	var d tagboat.StatusDocument
	for _, env := range s.Environments {
		switch {
		case w.broken == env && w.versions[env] == "":
			panic("poison")
		case w.broken == env:
			return d, errors.New("away")
		}
		service := runs(env, "api", w.versions[env])
		service.State = w.state
		d.Services = append(d.Services, service)
		d.Environments = append(d.Environments, tagboat.EnvironmentStatus{Environment: env, Release: w.versions[env]})
	}
	return d, nil
}

// watching runs a board of the world in a bubble of its own.
func watching(t *testing.T, do func(t *testing.T, w *world, b *board.Board)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &config.Config{Stages: []config.Stage{{Name: "dev"}, {Name: "prod"}}, Environments: map[tagboat.EnvName]config.Environment{
			"dev": {Name: "dev", Stage: "dev"}, "prod": {Name: "prod", Stage: "prod"}, "mb": {Name: "mb", Stage: "prod", Tenant: "mb", Account: "222222222222"},
		}}
		w := &world{versions: map[tagboat.EnvName]string{"dev": "v1", "prod": "v1", "mb": "v1"}, state: "steady", began: time.Now()}
		b := board.New(board.Options{Config: c, Environments: c.SortedEnvironments(), Look: w.look, Sweep: 15 * time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		synctest.Wait()
		do(t, w, b)
		cancel()
		expect.OK(t, <-ended)
	})
}

// after lets time pass, and returns what was looked at meanwhile.
func (w *world) after(d time.Duration) []string {
	<-time.After(d)
	synctest.Wait()
	return w.looked()
}

// sorted is for looks at the same time.
func either(t *testing.T, got []string, want ...string) {
	t.Helper()
	for _, g := range got {
		if !strings.Contains(strings.Join(want, "\n"), g) {
			t.Errorf("looked at %s, want %v", g, want)
		}
	}
	expect.Equal(t, len(want), len(got))
}

// TestNobodyLooksForNobody holds that AWS is asked by the sweep alone where nobody looks and nothing is heard.
func TestNobodyLooksForNobody(t *testing.T) {
	watching(t, func(t *testing.T, w *world, b *board.Board) {
		either(t, w.looked(), "0s [dev prod]", "0s [mb]")
		w.set(func() { w.state = "in-progress" })
		either(t, w.after(20*time.Minute), "15m0s [dev prod]", "15m0s [mb]")
		b.Nudge("prod")
		either(t, w.after(5*time.Minute), "20m0s [prod]")
	})
}

// TestAViewerSeesRollouts holds how often AWS is asked for those who look, however many they are.
func TestAViewerSeesRollouts(t *testing.T) {
	watching(t, func(t *testing.T, w *world, b *board.Board) {
		w.after(time.Minute)
		viewers := make([]*board.Subscription, 500)
		for i := range viewers {
			viewers[i] = b.Subscribe(0)
		}
		either(t, w.after(14*time.Second), "1m0s [dev prod]", "1m0s [mb]")
		w.set(func() { w.state = "in-progress" })
		b.Nudge("mb")
		either(t, w.after(6*time.Second), "1m14s [mb]", "1m15s [dev prod]", "1m16.5s [mb]", "1m17.5s [dev prod]", "1m19s [mb]", "1m20s [dev prod]")
		w.set(func() { w.state = "steady" })
		either(t, w.after(15*time.Second), "1m21.5s [mb]", "1m22.5s [dev prod]")
		for _, v := range viewers {
			v.Close()
		}
		either(t, w.after(10*time.Minute))
	})
}

// TestNudgesAreJoined holds that a storm of hints is a look a second, and that what is heard during a
// look is looked at after it.
func TestNudgesAreJoined(t *testing.T) {
	watching(t, func(t *testing.T, w *world, b *board.Board) {
		w.after(time.Minute)
		defer b.Subscribe(0).Close()
		w.after(time.Second)
		w.set(func() { w.took = 500 * time.Millisecond })
		for range 60 {
			b.Nudge("dev")
			<-time.After(50 * time.Millisecond)
		}
		either(t, w.after(2*time.Second), "1m1s [dev]", "1m2.5s [dev]", "1m4s [dev]")
	})
}

// TestErrorsAreGivenTime holds that who cannot answer, or throttles, is asked less and less.
func TestErrorsAreGivenTime(t *testing.T) {
	watching(t, func(t *testing.T, w *world, b *board.Board) {
		defer b.Subscribe(0).Close()
		w.after(time.Second)
		w.set(func() { w.broken = "mb" })
		b.Nudge("mb")
		either(t, w.after(10*time.Second), "1s [mb]", "3s [mb]", "7s [mb]")
		cell, _ := b.Now().Cell("mb", "api")
		reading := b.Now().Readings["mb"]
		expect.Equal(t, []any{"v1", "away", w.began, w.began.Add(time.Second)}, []any{cell.Main().RunningTag, reading.Failure.Message, reading.Read, reading.Stale})
		w.set(func() { w.versions["mb"] = "" })
		w.after(5 * time.Second)
		expect.Equal(t, "panic: poison", b.Now().Readings["mb"].Failure.Message)
		w.set(func() { w.broken, w.throttled, w.state = "", true, "in-progress" })
		w.after(time.Minute)
		if n := len(w.after(time.Minute)); n > 4 {
			t.Errorf("%d looks a minute while AWS throttles", n)
		}
	})
}

// TestWhoIsBehindIsLookedAt holds that a release in an environment has those looked at that follow it.
func TestWhoIsBehindIsLookedAt(t *testing.T) {
	watching(t, func(t *testing.T, w *world, b *board.Board) {
		w.after(time.Minute)
		w.set(func() { w.versions["dev"] = "v2" })
		b.Nudge("dev")
		either(t, w.after(time.Minute), "1m0s [dev]", "1m0s [prod]", "1m0s [mb]")
	})
}

// TestFresh holds that who does not subscribe sees what is new enough, and does not wait for what is broken.
func TestFresh(t *testing.T) {
	watching(t, func(t *testing.T, w *world, b *board.Board) {
		w.after(time.Minute)
		w.set(func() { w.took, w.versions["dev"] = 100*time.Millisecond, "v2" })
		cell, _ := b.Fresh(t.Context(), 30*time.Second).Cell("dev", "api")
		expect.Equal(t, "v2", cell.Main().RunningTag)
		either(t, w.looked(), "1m0s [dev prod]", "1m0s [mb]")
		b.Fresh(t.Context(), 30*time.Second)
		either(t, w.looked())
		w.set(func() { w.versions["dev"] = "v3" })
		b.Nudge("dev") // what happened since is older than any time
		cell, _ = b.Fresh(t.Context(), time.Hour).Cell("dev", "api")
		expect.Equal(t, "v3", cell.Main().RunningTag)
		w.looked()
		w.set(func() { w.broken = "mb" })
		<-time.After(time.Minute)
		b.Fresh(t.Context(), 30*time.Second)
		w.looked()
		<-time.After(time.Minute)
		b.Fresh(t.Context(), 30*time.Second)
		either(t, w.looked(), "3m1.3s [dev prod]", "3m1.3s [mb]")
		w.set(func() { w.took = time.Minute })
		<-time.After(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		b.Fresh(ctx, 30*time.Second)
		expect.Equal(t, time.Second, time.Since(began))
	})
}

// TestSubscriptions holds that events come in order, joined where somebody is slow, and that who was
// away for too long hears that.
func TestSubscriptions(t *testing.T) {
	watching(t, func(t *testing.T, w *world, b *board.Board) {
		s := b.Subscribe(0)
		defer s.Close()
		next := func() []string {
			events, err := s.Next(t.Context())
			expect.OK(t, err)
			return lines(events)
		}
		expect.Equal(t, 6, len(next()))
		got := make(chan []string)
		go func() { got <- next() }()
		synctest.Wait()
		b.Operate("op1")
		expect.Equal(t, []string{"operation  op1"}, <-got)

		for n := range 3 {
			w.set(func() { w.versions["dev"] = fmt.Sprint("v", n+2) })
			b.Nudge("dev")
			w.after(3 * time.Second)
			b.Operate("op1")
		}
		expect.Equal(t, []string{"service dev api steady v4", "environment dev v4", "operation  op1"}, next())

		old := b.Subscribe(b.Now().ID)
		defer old.Close()
		for range 4097 {
			b.Operate("op1")
		}
		events, err := old.Next(t.Context())
		expect.OK(t, err)
		expect.Equal(t, []any{[]string{"reset "}, b.Now().ID}, []any{lines(events), events[0].ID})
		future := b.Subscribe(b.Now().ID + 1)
		defer future.Close()
		events, err = future.Next(t.Context())
		expect.OK(t, err)
		expect.Equal(t, []string{"reset "}, lines(events))

		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = future.Next(ctx); got <- nil }()
		synctest.Wait()
		cancel()
		<-got
	})
}

// TestSubscriptionsEndWithTheBoard holds that nobody waits for a board that has stopped.
func TestSubscriptionsEndWithTheBoard(t *testing.T) {
	var s *board.Subscription
	watching(t, func(t *testing.T, _ *world, b *board.Board) {
		s = b.Subscribe(b.Now().ID)
		s.Close()
	})
	_, err := s.Next(t.Context())
	expect.Equal(t, true, errors.Is(err, board.ErrClosed))
}

// TestSharedIsMadeOnce holds that what is made of an event is made for all of its readers.
func TestSharedIsMadeOnce(t *testing.T) {
	watching(t, func(t *testing.T, _ *world, b *board.Board) {
		made := 0
		for range 3 {
			s := b.Subscribe(0)
			events, err := s.Next(t.Context())
			expect.OK(t, err)
			text := events[0].Shared("json", func() []byte { made++; return []byte("text") })
			expect.Equal(t, "text", string(text))
			s.Close()
		}
		expect.Equal(t, 1, made)
	})
}

// TestForeseen holds that what an environment waits for is shown as long as nothing is begun there, and the
// release has not come.
func TestForeseen(t *testing.T) {
	watching(t, func(t *testing.T, w *world, b *board.Board) {
		waits := func(env tagboat.EnvName) string {
			s, _ := b.Now().Standing(env)
			return s.Next + " " + string(s.Waits)
		}
		seen := b.Subscribe(b.Now().ID)
		defer seen.Close()
		b.Foresee("prod", board.Foreseen{Release: "v2", Waits: tagboat.CauseApprovals})
		b.Foresee("prod", board.Foreseen{Release: "v2", Waits: tagboat.CauseApprovals})
		b.Foresee("mb", board.Foreseen{Release: "v1", Waits: tagboat.CauseApprovals}) // is there
		events := expect.Value(seen.Next(t.Context()))(t)
		expect.Equal(t, []any{1, board.Environment, tagboat.EnvName("prod")}, []any{len(events), events[0].Kind, events[0].Environment})
		expect.Equal(t, []string{"v2 " + string(tagboat.CauseApprovals), " ", " "}, []string{waits("prod"), waits("mb"), waits("dev")})
		w.after(time.Minute) // it was looked at anew
		expect.Equal(t, "v2 "+string(tagboat.CauseApprovals), waits("prod"))
		w.set(func() { w.versions["prod"] = "v2" })
		w.after(time.Minute)
		expect.Equal(t, " ", waits("prod"))
		w.set(func() { w.versions["prod"] = "v1" })
		w.after(time.Minute)
		b.Foresee("prod", board.Foreseen{})
		expect.Equal(t, " ", waits("prod"))
	})
}
