package rollout_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/wait"
)

// crowded is an ECS that answers polls of one service only after so long, and with an
// error until then: what the SDK does with a call that is throttled again and again.
type crowded struct {
	*deploytest.ECS
	service string
	from    time.Time
	until   time.Time
	takes   time.Duration
}

func (c *crowded) DescribeServices(ctx context.Context, cluster string, names []string) ([]ecs.Service, []string, error) {
	if now := time.Now(); slices.Contains(names, c.service) && now.After(c.from) && now.Before(c.until) {
		timer := time.NewTimer(c.takes)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil, nil, errors.New("ThrottlingException: Rate exceeded")
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	return c.ECS.DescribeServices(ctx, cluster, names)
}

// A batch of services whose polls are throttled is late itself, and makes nobody else so.
func TestAThrottledBatchDelaysNoOther(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		targets := deploytest.Many(t, f, 25, "v1")
		plans := expect.Value(deploy.Prepare(t.Context(), targets))(t)
		began := time.Now()
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if time.Since(began) > 30*time.Second {
				deploytest.Completes(f, s)
			}
		}
		slow := &crowded{ECS: f, service: "s0", from: began.Add(5 * time.Second), until: began.Add(3 * time.Minute), takes: 50 * time.Second}
		targets[0].Client.ECS = slow
		o := deploytest.Wait()
		o.MaxParallel = 100
		late, most := 0, 0*time.Second
		for _, d := range new(rollout.Runner).Run(t.Context(), plans, o) {
			if d.Verdict != tagboat.VerdictSucceeded {
				t.Errorf("%s is %s: %s", d.Service, d.Verdict, d.Reason)
			}
			if took := d.EndedAt.Sub(began); took > time.Minute {
				late++
			} else {
				most = max(most, took)
			}
		}
		if late != 10 {
			t.Errorf("%d of 25 services waited for the throttled ten", late)
		}
		if most > 40*time.Second {
			t.Errorf("the others took %s", most)
		}
	})
}

// A service whose polls fail is asked for less and less often, and the others as before.
func TestFailingPollsBackOffByThemselves(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		targets := deploytest.Many(t, f, 11, "v1")
		plans := expect.Value(deploy.Prepare(t.Context(), targets))(t)
		began := time.Now()
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if time.Since(began) > 2*time.Minute {
				deploytest.Completes(f, s)
			}
		}
		failing := &countedPolls{crowded: &crowded{ECS: f, service: "s0", from: began, until: began.Add(2 * time.Minute)}}
		targets[0].Client.ECS = failing
		o := deploytest.Wait()
		o.MaxParallel = 100
		new(rollout.Runner).Run(t.Context(), plans, o)
		if failing.of["s0"] >= failing.of["s9"] || failing.of["s0"] > 30 {
			t.Errorf("polled the one that fails %d times and another %d times", failing.of["s0"], failing.of["s9"])
		}
	})
}

// countedPolls counts them by service.
type countedPolls struct {
	*crowded
	mu sync.Mutex
	of map[string]int
}

func (c *countedPolls) DescribeServices(ctx context.Context, cluster string, names []string) ([]ecs.Service, []string, error) {
	c.mu.Lock()
	if c.of == nil {
		c.of = map[string]int{}
	}
	for _, name := range names {
		c.of[name]++
	}
	c.mu.Unlock()
	return c.crowded.DescribeServices(ctx, cluster, names)
}

// A rollout of twenty minutes of which events tell costs few polls and has its verdict soon, and
// one whose last event got lost has it within the longest interval.
func TestNudgesTakeTheWeightOffThePoll(t *testing.T) {
	const end = 20 * time.Minute
	long, short := "arn:aws:ecs:eu-west-1:111111111111:service/c/api", "arn:aws:ecs:eu-west-1:111111111111:service/api"
	begun, done := 2*time.Second, end+time.Second
	tests := []struct {
		name             string
		cluster, service string
		events           []time.Duration
		polls            int
		late             time.Duration
	}{
		{"nobody tells of events", "", "", nil, 220, 7 * time.Second},
		{"by name", "c", "api", []time.Duration{begun, done}, 30, 2 * time.Second},
		{"by the long ARNs", "arn:aws:ecs:eu-west-1:111111111111:cluster/c", long, []time.Duration{begun, done}, 30, 2 * time.Second},
		{"by the short ARN, which has no cluster", "", short, []time.Duration{begun, done}, 30, 2 * time.Second},
		{"the last event is lost", "c", "api", []time.Duration{begun}, 30, time.Minute + time.Second},
		{"events of another service", "c", "api-admin", []time.Duration{begun, done}, 220, 7 * time.Second},
		{"events of another cluster", "d", "api", []time.Duration{begun, done}, 220, 7 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			deploytest.InBubble(t, func(t *testing.T) {
				f := deploytest.Running(t)
				began := time.Now()
				f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
					if time.Since(began) >= end {
						deploytest.Completes(f, s)
					}
				}
				var runner rollout.Runner
				for _, at := range test.events {
					time.AfterFunc(at, func() { runner.Nudge(test.cluster, test.service) })
				}
				plans := expect.Value(deploy.Prepare(t.Context(), []deploy.Target{deploytest.Target(t, f.Client(), "v2")}))(t)
				got := runner.Run(t.Context(), plans, deploytest.Wait())[0]
				late, polls := time.Since(began)-end, f.Calls["DescribeServices"]
				if got.Verdict != tagboat.VerdictSucceeded || late > test.late || polls > test.polls {
					t.Errorf("%s after %d polls, %s late: %s", got.Verdict, polls, late, got.Reason)
				}
				t.Logf("%d polls, %s late", polls, late)
			})
		})
	}
}

// Nudges that come in a burst are one poll, which takes along what else is watched, and one
// that comes while a call is under way has another follow.
func TestNudgesInABurstAreOnePoll(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		f.Rolls = deploytest.Never
		targets := deploytest.Many(t, f, 10, "v1")
		slow := &slowPolls{ECS: f}
		targets[0].Client.ECS = slow
		plans := expect.Value(deploy.Prepare(t.Context(), targets))(t)
		ctx, interrupt := context.WithCancel(t.Context())
		var runner rollout.Runner
		var run sync.WaitGroup
		run.Go(func() { runner.Run(ctx, plans, deploytest.Wait()) })
		nudged := func(within time.Duration) (polls int) {
			before := f.Called()
			for i := range 10 {
				runner.Nudge("c", targets[i].Desired.ServiceName)
				_ = wait.For(t.Context(), within/10)
			}
			_ = wait.For(t.Context(), 900*time.Millisecond-within)
			return f.Called() - before
		}
		_ = wait.For(t.Context(), time.Second)
		nudged(0)
		_ = wait.For(t.Context(), 5*time.Minute)
		expect.EqualIn(t, "polls after a burst", 1, nudged(100*time.Millisecond))
		_ = wait.For(t.Context(), 5*time.Minute)
		slow.takes = 300 * time.Millisecond
		expect.EqualIn(t, "polls after nudges in the middle of one", 2, nudged(400*time.Millisecond))
		interrupt()
		run.Wait()
		runner.Nudge("c", "s0") // nobody waits for it
	})
}

// slowPolls is an ECS that takes its time.
type slowPolls struct {
	*deploytest.ECS
	takes time.Duration
}

func (s *slowPolls) DescribeServices(ctx context.Context, cluster string, names []string) ([]ecs.Service, []string, error) {
	found, missing, err := s.ECS.DescribeServices(ctx, cluster, names)
	_ = wait.For(ctx, s.takes)
	return found, missing, err
}

// A nudge gives a service no more polls while AWS answers with errors.
func TestANudgeLeavesAThrottledAccountRoom(t *testing.T) {
	polls := func(nudges int) (polls int) {
		deploytest.InBubble(t, func(t *testing.T) {
			f := deploytest.New()
			targets := deploytest.Many(t, f, 1, "v1")
			plans := expect.Value(deploy.Prepare(t.Context(), targets))(t)
			began := time.Now()
			f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
				if time.Since(began) > 2*time.Minute {
					deploytest.Completes(f, s)
				}
			}
			throttled := &countedPolls{crowded: &crowded{ECS: f, service: "s0", from: began.Add(time.Second), until: began.Add(2 * time.Minute)}}
			targets[0].Client.ECS = throttled
			var runner rollout.Runner
			for i := range nudges {
				time.AfterFunc(10*time.Second+time.Duration(i)*time.Second, func() { runner.Nudge("c", "s0") })
			}
			expect.Equal(t, tagboat.VerdictSucceeded, runner.Run(t.Context(), plans, deploytest.Wait())[0].Verdict)
			polls = throttled.of["s0"]
		})
		return polls
	}
	if without, with := polls(0), polls(60); with > without {
		t.Errorf("%d polls without nudges, and %d with", without, with)
	}
}
