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
