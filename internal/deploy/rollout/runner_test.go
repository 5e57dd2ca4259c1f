package rollout_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
)

// All deployments of a cluster share polls of ten services, and the answer has their
// order.
func TestRunSharesPolls(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		began := time.Now()
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if time.Since(began) > time.Minute {
				deploytest.Completes(f, s)
			}
		}
		o := deploytest.Wait()
		o.MaxParallel = 100
		got := deploytest.RunMany(t, deploytest.Many(t, f, 95, "v1"), o)
		for i, d := range got {
			if d.Verdict != tagboat.VerdictSucceeded || string(d.Service) != fmt.Sprintf("s%d", i) {
				t.Errorf("%d: %s is %s: %s", i, d.Service, d.Verdict, d.Reason)
			}
		}
		polls := (time.Since(began) / (6 * time.Second)) + 12
		if n, most := f.Calls["DescribeServices"], int(polls)*10; n > most {
			t.Errorf("%d calls of DescribeServices for 95 services in %s, more than %d", n, time.Since(began), most)
		}
	})
}

func TestRunKeepsToMaxParallel(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		o := deploytest.Wait()
		o.MaxParallel = 3
		most := 0
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			now := 0
			for _, s := range f.Services {
				if s.Deployments[0].RolloutState == "IN_PROGRESS" {
					now++
				}
			}
			most = max(most, now)
			if time.Since(s.Deployments[0].CreatedAt) > 10*time.Second {
				deploytest.Completes(f, s)
			}
		}
		deploytest.RunMany(t, deploytest.Many(t, f, 10, "v1"), o)
		if most != 3 {
			t.Errorf("%d services rolled at the same time", most)
		}
	})
}

// heard keeps what it hears.
type heard struct {
	mu      sync.Mutex
	updates []rollout.Update
}

func (h *heard) Event(u rollout.Update) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.updates = append(h.updates, u)
}

func TestProgress(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = deploytest.BadCrashes
		h := &heard{}
		o := deploytest.Wait()
		o.Progress = h
		deploytest.Run(t, f, "bad", o)
		var states []rollout.State
		for _, u := range h.updates {
			if len(states) == 0 || states[len(states)-1] != u.State {
				states = append(states, u.State)
			}
		}
		want := []rollout.State{rollout.StateApplying, rollout.StateRolling, rollout.StateRollingBack, rollout.StateDone}
		expect.EqualIn(t, "states", want, states)
	})
}

// A rollout that takes twenty seconds is watched with few calls.
func TestRunIsSparing(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		began := time.Now()
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if time.Since(began) > 20*time.Second {
				deploytest.Completes(f, s)
			}
		}
		deploytest.Run(t, f, "v2", deploytest.Wait())
		total := 0
		for _, n := range f.Calls {
			total += n
		}
		if total > 28 {
			t.Errorf("%d calls: %v", total, f.Calls)
		}
		t.Logf("%d calls, %s: %v", total, time.Since(began), f.Calls)
	})
}

// Two services that want the same task definition share one revision.
func TestRunRegistersEqualDefinitionsOnce(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		targets := deploytest.Many(t, f, 5, "v1")
		for i := range targets {
			targets[i].Desired.Definition = deploytest.Definition(t, "v1")
		}
		o := deploytest.Wait()
		o.MaxParallel = 5
		for _, d := range deploytest.RunMany(t, targets, o) {
			if d.Verdict != tagboat.VerdictSucceeded {
				t.Errorf("%s is %s: %s", d.Service, d.Verdict, d.Reason)
			}
		}
		if n := len(f.Definitions); n != 1 {
			t.Errorf("%d equal revisions", n)
		}
	})
}

// Two runs of one Runner cost no more polls than one with all of their services, and register
// what both want once.
func TestRunsInFlightShare(t *testing.T) {
	polls := func(runners ...*rollout.Runner) (calls, revisions int) {
		deploytest.InBubble(t, func(t *testing.T) {
			f := deploytest.New()
			f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
				if time.Since(s.Deployments[0].CreatedAt) > time.Minute {
					deploytest.Completes(f, s)
				}
			}
			targets := deploytest.Many(t, f, 10, "v1")
			for i := range targets {
				targets[i].Desired.Definition = deploytest.Definition(t, "v1")
			}
			var runs sync.WaitGroup
			for i, runner := range runners {
				plans := expect.Value(deploy.Prepare(t.Context(), targets[i*5:i*5+5]))(t)
				runs.Go(func() {
					for _, d := range runner.Run(t.Context(), plans, deploytest.Wait()) {
						if d.Verdict != tagboat.VerdictSucceeded {
							t.Errorf("%s is %s: %s", d.Service, d.Verdict, d.Reason)
						}
					}
				})
			}
			runs.Wait()
			calls, revisions = f.Calls["DescribeServices"]+f.Calls["ListTasks"], len(f.Definitions)
		})
		return calls, revisions
	}
	var one rollout.Runner
	shared, revisions := polls(&one, &one)
	if apart, _ := polls(new(rollout.Runner), new(rollout.Runner)); shared > apart*8/10 {
		t.Errorf("two runs make %d calls together and %d apart", shared, apart)
	}
	if revisions != 1 {
		t.Errorf("%d equal revisions", revisions)
	}
}

// A run that ends takes nothing from another that goes on, nor does one that is interrupted.
func TestARunThatEndsLeavesOthersAlone(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if s.Name == "s1" && time.Since(s.Deployments[0].CreatedAt) > time.Minute {
				deploytest.Completes(f, s)
			}
		}
		plans := expect.Value(deploy.Prepare(t.Context(), deploytest.Many(t, f, 2, "v1")))(t)
		ctx, interrupt := context.WithCancel(t.Context())
		var runner rollout.Runner
		var runs sync.WaitGroup
		ends := make([]tagboat.Verdict, 2)
		runs.Go(func() { ends[0] = runner.Run(ctx, plans[:1], deploytest.Wait())[0].Verdict })
		runs.Go(func() { ends[1] = runner.Run(t.Context(), plans[1:], deploytest.Wait())[0].Verdict })
		time.AfterFunc(20*time.Second, interrupt)
		runs.Wait()
		expect.Equal(t, []tagboat.Verdict{tagboat.VerdictInterrupted, tagboat.VerdictSucceeded}, ends)
	})
}
