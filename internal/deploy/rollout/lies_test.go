package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// The tests of this file are named after defects that users of other tools reported:
// deployments that lie, hang or say nothing.

func TestD1_GreenAfterECSRolledBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.rolls = ecsRollsBack
		got := run(t, f, "bad", wait)
		check(t, f, got, outcome{
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
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.services["api"].Deployments[0].RolloutState = "FAILED"
		old := f.services["api"].Deployments[0].ID
		polls := 0
		f.rolls = func(f *fake, s *ecs.Service) {
			if len(s.Deployments) < 2 {
				return
			}
			if polls++; polls == 3 {
				s.Deployments[0].Status, s.Deployments[0].RolloutState = "ACTIVE", "FAILED"
				s.Deployments[1].Status, s.Deployments[1].RolloutState = "PRIMARY", "COMPLETED"
			}
		}
		got := run(t, f, "v1", wait)
		if got.Verdict != tagboat.VerdictRolledBack || got.DeploymentID == old {
			t.Errorf("got %s of %s: %s", got.Verdict, got.DeploymentID, got.Reason)
		}
	})
}

// Answers that do not know of our deployment yet are no verdict.
func TestD2_StaleAnswers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		polls := 0
		f.rolls = func(f *fake, s *ecs.Service) {
			if polls++; polls > 5 {
				completes(f, s)
			}
		}
		stale := &staleECS{fake: f, until: 4}
		plans, err := deploy.Prepare(t.Context(), []deploy.Target{target(t, &deploy.Client{ECS: stale, Logs: f, Targets: f, Images: f}, "v2")})
		if err != nil {
			t.Fatal(err)
		}
		got := deploy.Run(t.Context(), plans, wait)[0]
		if got.Verdict != tagboat.VerdictSucceeded {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

// staleECS answers DescribeServices with what was first seen, for some calls.
type staleECS struct {
	*fake
	first []ecs.Service
	until int
}

func (s *staleECS) DescribeServices(ctx context.Context, cluster string, names []string) ([]ecs.Service, []string, error) {
	found, missing, err := s.fake.DescribeServices(ctx, cluster, names)
	if s.first == nil {
		s.first = found
	}
	if s.until--; s.until >= 0 {
		return s.first, missing, err
	}
	return found, missing, err
}

func TestD3_SomebodyElseTookOver(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		theirs := f.register(definition(t, "theirs").JSON())
		polls := 0
		f.rolls = func(f *fake, s *ecs.Service) {
			polls++
			if polls == 3 {
				f.start(s, theirs)
			}
			if polls > 3 {
				completes(f, s)
			}
		}
		got := run(t, f, "v2", wait)
		check(t, f, got, outcome{
			Verdict: tagboat.VerdictSuperseded, TaskDefinition: "api:3", Previous: "api:1", Running: "api:2",
			Changes: "RegisterTaskDefinition 1, UpdateService 1",
		})
		if !strings.Contains(got.Reason, f.services["api"].Deployments[0].ID) || !strings.Contains(got.Reason, "api:2") {
			t.Errorf("the reason does not name who took over: %s", got.Reason)
		}
	})
}

func TestD5_MoreThanHundredTasksAndDigestsChecked(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.services["api"].Desired = 250
		all := target(t, f.client(), "v2")
		all.Desired.ServiceDefinition = nil
		plans, err := deploy.Prepare(t.Context(), []deploy.Target{all})
		if err != nil {
			t.Fatal(err)
		}
		if got := deploy.Run(t.Context(), plans, wait)[0]; got.Verdict != tagboat.VerdictSucceeded {
			t.Fatalf("got %s: %s", got.Verdict, got.Reason)
		}
		f.rolls = func(f *fake, s *ecs.Service) {
			completes(f, s)
			last := &f.tasks[len(f.tasks)-1]
			last.Containers[0].Image, last.Containers[0].Digest = "registry.test/shop/api:v3", string(digest("other"))
		}
		if got := run(t, f, "v3", wait); got.Verdict != tagboat.VerdictFailed || !strings.Contains(got.Reason, "container app") {
			t.Errorf("one task of 250 runs another digest; got %s: %s", got.Verdict, got.Reason)
		}
	})
}

func TestD6_EventsDecideNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		polls := 0
		f.rolls = func(f *fake, s *ecs.Service) {
			polls++
			s.Events = append([]ecs.Event{{
				ID: fmt.Sprint(polls), At: time.Now(),
				Message: "(service api) was unable to place a task. Reason: Capacity is unavailable at this time.",
			}}, s.Events...)
			if polls > 6 {
				completes(f, s)
			}
		}
		if got := run(t, f, "v2", wait); got.Verdict != tagboat.VerdictSucceeded {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

func TestD7_FailedPollsAreNoVerdict(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		began := time.Now()
		f.rolls = func(f *fake, s *ecs.Service) {
			if time.Since(began) > 6*time.Minute {
				completes(f, s)
			}
		}
		f.refuse = func(op string) error {
			throttled := time.Since(began) > time.Second && time.Since(began) < 4*time.Minute
			if throttled && op != "UpdateService" && op != "RegisterTaskDefinition" {
				return errors.New("ThrottlingException: Rate exceeded")
			}
			return nil
		}
		got := run(t, f, "v2", wait)
		if got.Verdict != tagboat.VerdictSucceeded {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
		if n := f.calls["DescribeServices"]; n > 100 {
			t.Errorf("%d polls in six minutes, of which four were throttled", n)
		}
	})
}

func TestD7_NoAnswerForMinutesTimesOut(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.rolls = never
		plans, err := deploy.Prepare(t.Context(), []deploy.Target{target(t, f.client(), "v2")})
		if err != nil {
			t.Fatal(err)
		}
		f.refuse = func(op string) error {
			if op == "DescribeServices" {
				return errors.New("connection reset by peer")
			}
			return nil
		}
		began := time.Now()
		got := deploy.Run(t.Context(), plans, wait)[0]
		if got.Verdict != tagboat.VerdictTimedOut || !strings.Contains(got.Reason, "connection reset by peer") || time.Since(began) > 6*time.Minute {
			t.Errorf("after %s: %s: %s", time.Since(began), got.Verdict, got.Reason)
		}
	})
}

func TestD7_BusyFamilyIsTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		tries := 0
		f.refuse = func(op string) error {
			if op != "RegisterTaskDefinition" {
				return nil
			}
			if tries++; tries < 3 {
				return errors.New("ClientException: Too many concurrent attempts to create a new revision of the specified family.")
			}
			return nil
		}
		if got := run(t, f, "v2", wait); got.Verdict != tagboat.VerdictSucceeded || len(f.definitions) != 2 {
			t.Errorf("got %s with %d revisions: %s", got.Verdict, len(f.definitions), got.Reason)
		}
	})
}

func TestD8_InterruptSaysWhatGoesOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.rolls = never
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		got := runIn(ctx, t, f, "v2", wait)
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
	inBubble(t, func(t *testing.T) {
		f := newFake()
		f.groups, f.images = nil, []string{}
		wanted := target(t, f.client(), "v1")
		service := parse(t, `{"desiredCount":2,"loadBalancers":[{"targetGroupArn":"arn:aws:elasticloadbalancing:r:1:targetgroup/x/1","containerName":"app","containerPort":80}]}`)
		wanted.Desired.ServiceDefinition = &service
		wanted.Desired.Where = func(path ...string) tagboat.Position { return tagboat.Position{File: strings.Join(path, "."), Line: 1} }
		plans, err := deploy.Prepare(t.Context(), []deploy.Target{wanted})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range plans[0].Problems {
			if p.Hint == "" {
				t.Errorf("no hint for %q", p.Message)
			}
			got = append(got, p.Where+" "+p.Message)
		}
		want := []string{
			"containerDefinitions.app.image:1 container app: image " + reference("v1").String() + " is not in the registry",
			`containerDefinitions.0.logConfiguration.options.awslogs-group:1 container app: log group "/c/api" does not exist`,
			`service.loadBalancers.0.targetGroupArn:1 target group "arn:aws:elasticloadbalancing:r:1:targetgroup/x/1" does not exist`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
		deploy.Run(t.Context(), plans, wait)
		if made := f.changes(); made != "" {
			t.Errorf("something was changed: %s", made)
		}
	})
}

func TestD11_NothingNewWithoutAChange(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		got := run(t, f, "v1", wait)
		check(t, f, got, outcome{Verdict: tagboat.VerdictUnchanged, TaskDefinition: "api:1", Previous: "api:1", Running: "api:1"})
		if got.Images[0].Running != digest("v1") {
			t.Errorf("what runs is not told: %+v", got.Images)
		}
		total := 0
		for _, n := range f.calls {
			total += n
		}
		if total >= 5 {
			t.Errorf("%d calls to find nothing to do: %v", total, f.calls)
		}
	})
}

func TestD11_AnEqualRevisionIsUsedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		run(t, f, "v2", wait)
		clear(f.calls)
		check(t, f, run(t, f, "v1", wait), outcome{
			Verdict: tagboat.VerdictSucceeded, TaskDefinition: "api:1", Previous: "api:2", Running: "api:1",
			Changes: "UpdateService 1",
		})
	})
}
