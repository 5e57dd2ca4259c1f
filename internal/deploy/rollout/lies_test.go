package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestD1_GreenAfterECSRolledBack(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = deploytest.EcsRollsBack
		got := deploytest.Run(t, f, "bad", deploytest.Wait())
		deploytest.Check(t, f, got, deploytest.Outcome{
			Verdict: tagboat.VerdictRolledBack, TaskDefinition: "api:2", Previous: "api:1", Running: "api:1",
			Changes: "RegisterTaskDefinition 1, UpdateService 1",
		})
		if len(got.Causes) == 0 || !strings.Contains(got.Causes[0].Cause, "container app exited with code 3") {
			t.Errorf("the causes do not name container and code: %+v", got.Causes)
		}
	})
}

// A redeployment of what runs is rolled back to what ran: the task definitions before
// and after are the same, and only the id tells.
func TestD1_SameTaskDefinitionRolledBack(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Services["api"].Deployments[0].RolloutState = "FAILED"
		old := f.Services["api"].Deployments[0].ID
		polls := 0
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if len(s.Deployments) < 2 {
				return
			}
			if polls++; polls == 3 {
				s.Deployments[0].Status, s.Deployments[0].RolloutState = "ACTIVE", "FAILED"
				s.Deployments[1].Status, s.Deployments[1].RolloutState = "PRIMARY", "COMPLETED"
			}
		}
		got := deploytest.Run(t, f, "v1", deploytest.Wait())
		if got.Verdict != tagboat.VerdictRolledBack || got.DeploymentID == old {
			t.Errorf("got %s of %s: %s", got.Verdict, got.DeploymentID, got.Reason)
		}
	})
}

// Answers that do not know of our deployment yet are no verdict.
func TestD2_StaleAnswers(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		polls := 0
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if polls++; polls > 5 {
				deploytest.Completes(f, s)
			}
		}
		stale := &staleECS{ECS: f, until: 4}
		plans := expect.Value(deploy.Prepare(t.Context(), []deploy.Target{deploytest.Target(t, &deploy.Client{ECS: stale, Logs: f, Targets: f, Images: f}, "v2")}))(t)
		got := new(rollout.Runner).Run(t.Context(), plans, deploytest.Wait())[0]
		if got.Verdict != tagboat.VerdictSucceeded {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

// staleECS answers DescribeServices with what was first seen, for some calls.
type staleECS struct {
	*deploytest.ECS
	first []ecs.Service
	until int
}

func (s *staleECS) DescribeServices(ctx context.Context, cluster string, names []string) ([]ecs.Service, []string, error) {
	found, missing, err := s.ECS.DescribeServices(ctx, cluster, names)
	if s.first == nil {
		s.first = found
	}
	if s.until--; s.until >= 0 {
		return s.first, missing, err
	}
	return found, missing, err
}

func TestD3_SomebodyElseTookOver(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		theirs := f.Register(deploytest.Definition(t, "theirs").JSON())
		polls := 0
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			polls++
			if polls == 3 {
				f.Start(s, theirs)
			}
			if polls > 3 {
				deploytest.Completes(f, s)
			}
		}
		got := deploytest.Run(t, f, "v2", deploytest.Wait())
		deploytest.Check(t, f, got, deploytest.Outcome{
			Verdict: tagboat.VerdictSuperseded, TaskDefinition: "api:3", Previous: "api:1", Running: "api:2",
			Changes: "RegisterTaskDefinition 1, UpdateService 1",
		})
		if !strings.Contains(got.Reason, f.Services["api"].Deployments[0].ID) || !strings.Contains(got.Reason, "api:2") {
			t.Errorf("the reason does not name who took over: %s", got.Reason)
		}
	})
}

func TestD5_MoreThanHundredTasksAndDigestsChecked(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Services["api"].Desired = 250
		all := deploytest.Target(t, f.Client(), "v2")
		all.Desired.ServiceDefinition = nil
		plans := expect.Value(deploy.Prepare(t.Context(), []deploy.Target{all}))(t)
		if got := new(rollout.Runner).Run(t.Context(), plans, deploytest.Wait())[0]; got.Verdict != tagboat.VerdictSucceeded {
			t.Fatalf("got %s: %s", got.Verdict, got.Reason)
		}
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			deploytest.Completes(f, s)
			last := &f.Tasks[len(f.Tasks)-1]
			last.Containers[0].Image, last.Containers[0].Digest = "registry.test/shop/api:v3", string(deploytest.Digest("other"))
		}
		if got := deploytest.Run(t, f, "v3", deploytest.Wait()); got.Verdict != tagboat.VerdictFailed || !strings.Contains(got.Reason, "container app") {
			t.Errorf("one task of 250 runs another digest; got %s: %s", got.Verdict, got.Reason)
		}
	})
}

func TestD6_EventsDecideNothing(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		polls := 0
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			polls++
			s.Events = append([]ecs.Event{{
				ID: fmt.Sprint(polls), At: time.Now(),
				Message: "(service api) was unable to place a task. Reason: Capacity is unavailable at this time.",
			}}, s.Events...)
			if polls > 6 {
				deploytest.Completes(f, s)
			}
		}
		if got := deploytest.Run(t, f, "v2", deploytest.Wait()); got.Verdict != tagboat.VerdictSucceeded {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

func TestD7_FailedPollsAreNoVerdict(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		began := time.Now()
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if time.Since(began) > 6*time.Minute {
				deploytest.Completes(f, s)
			}
		}
		f.Refuse = func(op string) error {
			throttled := time.Since(began) > time.Second && time.Since(began) < 4*time.Minute
			if throttled && op != "UpdateService" && op != "RegisterTaskDefinition" {
				return errors.New("ThrottlingException: Rate exceeded")
			}
			return nil
		}
		got := deploytest.Run(t, f, "v2", deploytest.Wait())
		if got.Verdict != tagboat.VerdictSucceeded {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
		if n := f.Calls["DescribeServices"]; n > 100 {
			t.Errorf("%d polls in six minutes, of which four were throttled", n)
		}
	})
}

func TestD7_NoAnswerForMinutesTimesOut(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = deploytest.Never
		plans := expect.Value(deploy.Prepare(t.Context(), []deploy.Target{deploytest.Target(t, f.Client(), "v2")}))(t)
		f.Refuse = func(op string) error {
			if op == "DescribeServices" {
				return errors.New("connection reset by peer")
			}
			return nil
		}
		began := time.Now()
		got := new(rollout.Runner).Run(t.Context(), plans, deploytest.Wait())[0]
		if got.Verdict != tagboat.VerdictTimedOut || !strings.Contains(got.Reason, "connection reset by peer") || time.Since(began) > 6*time.Minute {
			t.Errorf("after %s: %s: %s", time.Since(began), got.Verdict, got.Reason)
		}
	})
}

func TestD7_BusyFamilyIsTriedAgain(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		tries := 0
		f.Refuse = func(op string) error {
			if op != "RegisterTaskDefinition" {
				return nil
			}
			if tries++; tries < 3 {
				return errors.New("ClientException: Too many concurrent attempts to create a new revision of the specified family.")
			}
			return nil
		}
		if got := deploytest.Run(t, f, "v2", deploytest.Wait()); got.Verdict != tagboat.VerdictSucceeded || len(f.Definitions) != 2 {
			t.Errorf("got %s with %d revisions: %s", got.Verdict, len(f.Definitions), got.Reason)
		}
	})
}

func TestD8_InterruptSaysWhatGoesOn(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = deploytest.Never
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		got := deploytest.RunIn(ctx, t, f, "v2", deploytest.Wait())
		if got.Verdict != tagboat.VerdictInterrupted {
			t.Fatalf("got %s: %s", got.Verdict, got.Reason)
		}
		for _, word := range []string{got.DeploymentID, "tagboat deploy --resume --env dev api", "tagboat rollback --env dev api", "api:1"} {
			if !strings.Contains(got.Reason, word) {
				t.Errorf("the reason does not say %q: %s", word, got.Reason)
			}
		}
	})
}

func TestD9_ProblemsBeforeTheFirstChange(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		f.LogGroups, f.Images = nil, []string{}
		wanted := deploytest.Target(t, f.Client(), "v1")
		service := deploytest.Parse(t, `{"desiredCount":2,"loadBalancers":[{"targetGroupArn":"arn:aws:elasticloadbalancing:r:1:targetgroup/x/1","containerName":"app","containerPort":80}]}`)
		wanted.Desired.ServiceDefinition = &service
		wanted.Desired.Where = func(path ...string) tagboat.Position { return tagboat.Position{File: strings.Join(path, "."), Line: 1} }
		plans := expect.Value(deploy.Prepare(t.Context(), []deploy.Target{wanted}))(t)
		var got []string
		for _, p := range plans[0].Problems {
			if p.Hint == "" {
				t.Errorf("no hint for %q", p.Message)
			}
			got = append(got, p.Where+" "+p.Message)
		}
		want := []string{
			"containerDefinitions.app.image:1 container app: image " + deploytest.Reference("v1").String() + " is not in the registry",
			`containerDefinitions.0.logConfiguration.options.awslogs-group:1 container app: log group "/c/api" does not exist`,
			`service.loadBalancers.0.targetGroupArn:1 target group "arn:aws:elasticloadbalancing:r:1:targetgroup/x/1" does not exist`,
		}
		expect.EqualIn(t, "problems", want, got)
		new(rollout.Runner).Run(t.Context(), plans, deploytest.Wait())
		expect.EqualIn(t, "something was changed", "", f.Changes())
	})
}

func TestD11_NothingNewWithoutAChange(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		got := deploytest.Run(t, f, "v1", deploytest.Wait())
		deploytest.Check(t, f, got, deploytest.Outcome{Verdict: tagboat.VerdictUnchanged, TaskDefinition: "api:1", Previous: "api:1", Running: "api:1"})
		if got.Images[0].Running != deploytest.Digest("v1") {
			t.Errorf("what runs is not told: %+v", got.Images)
		}
		total := 0
		for _, n := range f.Calls {
			total += n
		}
		if total >= 5 {
			t.Errorf("%d calls to find nothing to do: %v", total, f.Calls)
		}
	})
}

func TestD11_AnEqualRevisionIsUsedAgain(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		deploytest.Run(t, f, "v2", deploytest.Wait())
		clear(f.Calls)
		deploytest.Check(t, f, deploytest.Run(t, f, "v1", deploytest.Wait()), deploytest.Outcome{
			Verdict: tagboat.VerdictSucceeded, TaskDefinition: "api:1", Previous: "api:2", Running: "api:1",
			Changes: "UpdateService 1",
		})
	})
}
