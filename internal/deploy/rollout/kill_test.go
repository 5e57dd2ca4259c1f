package rollout_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
)

// A run that is killed after any number of calls, and started again, ends where a run
// that nobody killed ends, with no second equal revision.
func TestD11_KilledAnywhereAndStartedAgain(t *testing.T) {
	for _, first := range []bool{true, false} {
		for calls := 1; calls <= 12; calls++ {
			t.Run(fmt.Sprintf("first=%t/after %d calls", first, calls), func(t *testing.T) {
				deploytest.InBubble(t, func(t *testing.T) {
					f := deploytest.New()
					if !first {
						f = deploytest.Running(t)
					}
					killedAfter(t, f, calls)
					got := deploytest.Run(t, f, "v2", deploytest.Wait())
					if got.Verdict != tagboat.VerdictSucceeded && got.Verdict != tagboat.VerdictUnchanged {
						t.Errorf("ended as %s: %s", got.Verdict, got.Reason)
					}
					assertOneEach(t, f)
					if now := f.Services["api"].Deployments[0]; f.Definition(now.TaskDefinition) == nil || now.RolloutState != "COMPLETED" {
						t.Errorf("PRIMARY is %+v", now)
					}
				})
			})
		}
	}
}

// killedAfter runs a deployment that gets that many answers and then no more.
func killedAfter(t *testing.T, f *deploytest.ECS, calls int) {
	t.Helper()
	f.Total, f.DieAfter = 0, calls
	defer func() { f.DieAfter = 0 }()
	plans, err := deploy.Prepare(t.Context(), []deploy.Target{deploytest.Target(t, f.Client(), "v2")})
	if err != nil {
		return
	}
	o := deploytest.Wait()
	o.Timeout = 1
	new(rollout.Runner).Run(t.Context(), plans, o)
}

// Answers of changing calls that get lost are looked for before a call is repeated.
func TestD11_LostAnswers(t *testing.T) {
	for _, op := range []string{"RegisterTaskDefinition", "UpdateService", "CreateService"} {
		for lost := 1; lost <= 2; lost++ {
			t.Run(fmt.Sprintf("%s %d", op, lost), func(t *testing.T) {
				deploytest.InBubble(t, func(t *testing.T) {
					f := deploytest.New()
					if op != "CreateService" {
						f = deploytest.Running(t)
					}
					f.Lose[op] = lost
					if got := deploytest.Run(t, f, "v2", deploytest.Wait()); got.Verdict != tagboat.VerdictSucceeded {
						t.Errorf("ended as %s: %s", got.Verdict, got.Reason)
					}
					assertOneEach(t, f)
					if f.Calls[op] != 1 {
						t.Errorf("%s was called %d times, and the first had taken effect", op, f.Calls[op])
					}
				})
			})
		}
	}
}

// An interrupt before the first call changes nothing.
func TestInterruptedBeforeItBegan(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		plans := expect.Value(deploy.Prepare(t.Context(), []deploy.Target{deploytest.Target(t, f.Client(), "v2")}))(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		deploytest.Check(t, f, new(rollout.Runner).Run(ctx, plans, deploytest.Wait())[0], deploytest.Outcome{
			Verdict: tagboat.VerdictInterrupted, TaskDefinition: "api:1", Previous: "api:1", Running: "api:1",
		})
	})
}

// assertOneEach finds revisions that are equal.
func assertOneEach(t *testing.T, f *deploytest.ECS) {
	t.Helper()
	seen := map[string]string{}
	for _, d := range f.Definitions {
		if other, ok := seen[string(d.Record)]; ok {
			t.Errorf("%s and %s are equal", other, d.ARN)
		}
		seen[string(d.Record)] = d.ARN
	}
}

// The answer to CreateService got lost below us, and what we hear is that the service
// exists: it is ours.
func TestD11_CreatedByTheCallWhoseAnswerGotLost(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		client := f.Client()
		client.ECS = &repeating{f}
		plans := expect.Value(deploy.Prepare(t.Context(), []deploy.Target{deploytest.Target(t, client, "v1")}))(t)
		if got := new(rollout.Runner).Run(t.Context(), plans, deploytest.Wait())[0]; got.Verdict != tagboat.VerdictSucceeded {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

// repeating makes each call of CreateService twice.
type repeating struct{ *deploytest.ECS }

func (r *repeating) CreateService(ctx context.Context, input json.RawMessage) (ecs.Service, error) {
	_, _ = r.ECS.CreateService(ctx, input)
	return r.ECS.CreateService(ctx, input)
}
