package deploy_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// many returns targets for services s0, s1, … of one cluster.
func many(t *testing.T, f *fake, n int, version string) []deploy.Target {
	t.Helper()
	client := f.client()
	var targets []deploy.Target
	for i := range n {
		one := target(t, client, version)
		name := fmt.Sprintf("s%d", i)
		one.Desired.Service, one.Desired.ServiceName = tagboat.ServiceName(name), name
		d, err := one.Desired.Definition.With("family", name)
		if err != nil {
			t.Fatal(err)
		}
		one.Desired.Definition = d
		targets = append(targets, one)
	}
	return targets
}

func runMany(t *testing.T, targets []deploy.Target, o deploy.Options) []tagboat.Deployment {
	t.Helper()
	plans, err := deploy.Prepare(t.Context(), targets)
	if err != nil {
		t.Fatal(err)
	}
	return deploy.Run(t.Context(), plans, o)
}

// All deployments of a cluster share polls of ten services, and the answer has their
// order.
func TestRunSharesPolls(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFake()
		began := time.Now()
		f.rolls = func(f *fake, s *ecs.Service) {
			if time.Since(began) > time.Minute {
				completes(f, s)
			}
		}
		o := wait
		o.MaxParallel = 100
		got := runMany(t, many(t, f, 95, "v1"), o)
		for i, d := range got {
			if d.Verdict != tagboat.VerdictSucceeded || string(d.Service) != fmt.Sprintf("s%d", i) {
				t.Errorf("%d: %s is %s: %s", i, d.Service, d.Verdict, d.Reason)
			}
		}
		polls := (time.Since(began) / (6 * time.Second)) + 12
		if n, most := f.calls["DescribeServices"], int(polls)*10; n > most {
			t.Errorf("%d calls of DescribeServices for 95 services in %s, more than %d", n, time.Since(began), most)
		}
	})
}

func TestRunKeepsToMaxParallel(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFake()
		o := wait
		o.MaxParallel = 3
		most := 0
		f.rolls = func(f *fake, s *ecs.Service) {
			now := 0
			for _, s := range f.services {
				if s.Deployments[0].RolloutState == "IN_PROGRESS" {
					now++
				}
			}
			most = max(most, now)
			if time.Since(s.Deployments[0].CreatedAt) > 10*time.Second {
				completes(f, s)
			}
		}
		runMany(t, many(t, f, 10, "v1"), o)
		if most != 3 {
			t.Errorf("%d services rolled at the same time", most)
		}
	})
}

// heard keeps what it hears.
type heard struct {
	mu      sync.Mutex
	updates []deploy.Update
}

func (h *heard) Event(u deploy.Update) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.updates = append(h.updates, u)
}

func TestProgress(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.rolls = badCrashes
		h := &heard{}
		o := wait
		o.Progress = h
		run(t, f, "bad", o)
		var states []deploy.State
		for _, u := range h.updates {
			if len(states) == 0 || states[len(states)-1] != u.State {
				states = append(states, u.State)
			}
		}
		want := []deploy.State{deploy.StateApplying, deploy.StateRolling, deploy.StateRollingBack, deploy.StateDone}
		if diff := cmp.Diff(want, states); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
	})
}

// A rollout that takes twenty seconds is watched with few calls.
func TestRunIsSparing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		began := time.Now()
		f.rolls = func(f *fake, s *ecs.Service) {
			if time.Since(began) > 20*time.Second {
				completes(f, s)
			}
		}
		run(t, f, "v2", wait)
		total := 0
		for _, n := range f.calls {
			total += n
		}
		if total > 28 {
			t.Errorf("%d calls: %v", total, f.calls)
		}
		t.Logf("%d calls, %s: %v", total, time.Since(began), f.calls)
	})
}

// Two services that want the same task definition share one revision.
func TestRunRegistersEqualDefinitionsOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFake()
		targets := many(t, f, 5, "v1")
		for i := range targets {
			targets[i].Desired.Definition = definition(t, "v1")
		}
		o := wait
		o.MaxParallel = 5
		for _, d := range runMany(t, targets, o) {
			if d.Verdict != tagboat.VerdictSucceeded {
				t.Errorf("%s is %s: %s", d.Service, d.Verdict, d.Reason)
			}
		}
		if n := len(f.definitions); n != 1 {
			t.Errorf("%d equal revisions", n)
		}
	})
}
