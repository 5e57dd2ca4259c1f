package rollout_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

func TestBreakerThreshold(t *testing.T) {
	for _, tc := range []struct {
		kind           string
		value, desired int
		want           int
	}{
		{"", 0, 1, 3},
		{"", 0, 25, 13},
		{"", 0, 400, 200},
		{"", 0, 1000, 200},
		{rollout.BoundedPercent, 10, 100, 10},
		{rollout.UnboundedPercent, 50, 1, 1},
		{rollout.UnboundedPercent, 10, 4000, 400},
		{rollout.Count, 7, 400, 7},
	} {
		s := newRig(t)
		s.create(tc.desired, "app:v1", func(spec *rollout.ServiceSpec) {
			spec.Breaker = rollout.Breaker{Enable: true, ThresholdType: tc.kind, ThresholdValue: tc.value}
		})
		got := s.service().History[0].Breaker
		expect.EqualIn(t, fmt.Sprintf("%s %d of %d", tc.kind, tc.value, tc.desired), rollout.BreakerState{Threshold: tc.want, Status: "MONITORING"}, got)
	}
}

// The times are near those of public drills with one task: the third failure after
// some six minutes.
func TestMissingTagRollsBack(t *testing.T) {
	s := created(t, 1, withBreaker)
	first := s.service().Deployments[0].ID
	from := s.now
	s.deploy("app:missing")
	for _, step := range []struct {
		until  time.Duration
		failed int
	}{{80 * time.Second, 0}, {90 * time.Second, 1}, {200 * time.Second, 1}, {205 * time.Second, 2}, {345 * time.Second, 2}} {
		s.after(from.Add(step.until).Sub(s.now))
		if got := s.service().Deployments[0].Failed; got != step.failed {
			t.Errorf("after %s %d tasks failed, want %d", step.until, got, step.failed)
		}
	}
	s.after(10 * time.Second)
	d := s.service().Deployments
	if diff := cmp.Diff([]line{{"PRIMARY", "IN_PROGRESS", 1, 1, 0}, {"ACTIVE", "FAILED", 0, 0, 0}}, s.lines()); diff != "" {
		t.Fatalf("while it rolls back (-want +got):\n%s", diff)
	}
	if d[0].ID != first || d[0].RolloutReason != "ECS deployment circuit breaker: rolling back to deploymentId "+first+"." {
		t.Errorf("rolling back to %s: %s", d[0].ID, d[0].RolloutReason)
	}
	expect.EqualIn(t, "failed", "ECS deployment circuit breaker: tasks failed to start.", d[1].RolloutReason)
	expect.EqualIn(t, "the service's task definition", taskSpec("app:v1").ARN, s.service().Spec.Task.ARN)
	s.after(2 * time.Minute)
	expect.EqualIn(t, "in the end", []line{{"PRIMARY", "COMPLETED", 1, 1, 0}}, s.lines())
	unable := "(service api) was unable to place a task. Reason: CannotPullContainerError: pull image manifest has been " +
		"retried 1 time(s): failed to resolve ref app:missing: app:missing: not found."
	want := []string{
		"(service api) has started 1 tasks: (task ID).", unable,
		"(service api) has started 1 tasks: (task ID).", unable,
		"(service api) has started 1 tasks: (task ID).", unable,
		"(service api) is unable to consistently start tasks successfully.",
		"(service api) (deployment ecs-svc/N) deployment failed: tasks failed to start.",
		"(service api) rolling back to deployment ecs-svc/N.",
		"(service api) (deployment ecs-svc/N) deployment completed.",
		"(service api) has reached a steady state.",
	}
	expect.EqualIn(t, "events", want, s.messages(from))
	r := s.service().History[0]
	if r.Status != "ROLLBACK_SUCCESSFUL" || r.Rollback == nil || r.Rollback.RevisionARN != s.service().Deployments[0].RevisionARN ||
		r.StatusReason != "Service deployment rolled back because the circuit breaker threshold was exceeded." {
		t.Errorf("service deployment %+v", r)
	}
	expect.EqualIn(t, "breaker", rollout.BreakerState{Failures: 3, Threshold: 3, Status: "TRIGGERED"}, r.Breaker)
	if !slices.Contains(s.world.events, "SERVICE_DEPLOYMENT_FAILED") {
		t.Errorf("EventBridge was told %v", s.world.events)
	}
}

func TestWithoutCandidateADeploymentStalls(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*rollout.ServiceSpec)
		reason string
	}{
		{"first deployment", withBreaker, "No rollback candidate was found to run the rollback"},
		{"rollback off", func(s *rollout.ServiceSpec) { s.Breaker = rollout.Breaker{Enable: true} }, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newRig(t)
			s.create(1, "app:missing", tc.change)
			s.after(10 * time.Minute)
			expect.Equal(t, []line{{"PRIMARY", "FAILED", 1, 0, 0}}, s.lines())
			if r := s.service().History[0]; r.Status != "STOPPED" || r.StatusReason != tc.reason {
				t.Errorf("service deployment %s: %q", r.Status, r.StatusReason)
			}
			from := s.now
			s.world.push("app:missing")
			s.after(10 * time.Hour)
			if got := s.messages(from); len(got) > 0 {
				t.Errorf("a failed deployment went on: %v", got)
			}
		})
	}
}

func TestWithoutBreakerItGoesOnForEver(t *testing.T) {
	s := newRig(t)
	s.create(1, "app:missing")
	s.after(24 * time.Hour)
	d := s.service().Deployments[0]
	if d.RolloutState != "IN_PROGRESS" || d.Failed < 50 {
		t.Errorf("after a day the deployment is %s with %d failures", d.RolloutState, d.Failed)
	}
	var started []time.Time
	for _, e := range s.service().Events {
		if strings.Contains(e.Message, "has started") {
			started = append(started, e.At)
		}
	}
	if gap := started[0].Sub(started[1]); gap < 27*time.Minute || gap > 30*time.Minute {
		t.Errorf("attempts are %s apart in the end", gap)
	}
	s.world.push("app:missing")
	s.after(30 * time.Minute)
	expect.EqualIn(t, "with the image there the deployment", "COMPLETED", s.service().Deployments[0].RolloutState)
}

func TestANewDeploymentResetsTheBackoff(t *testing.T) {
	s := newRig(t)
	s.create(1, "app:missing")
	s.after(5 * time.Hour)
	s.world.push("app:v1")
	s.deploy("app:v1")
	s.after(2 * time.Minute)
	expect.EqualIn(t, "the new deployment", "COMPLETED", s.service().Deployments[0].RolloutState)
}

// A task that exits once it ran is replaced at once and forever; no failure counts.
func TestExitsAfterRunningAreNotJudged(t *testing.T) {
	s := created(t, 1, withBreaker)
	s.world.push("app:crashes", "exit=1@20s")
	s.deploy("app:crashes")
	s.after(time.Hour)
	if d := s.service().Deployments[0]; d.RolloutState != "IN_PROGRESS" || d.Failed != 0 {
		t.Errorf("the deployment is %s with %d failures", d.RolloutState, d.Failed)
	}
	if d := s.service().Deployments; len(d) != 2 || d[1].Running != 1 {
		t.Errorf("the old task did not stay: %v", s.lines())
	}
}

func TestFailingTargetsTripTheBreaker(t *testing.T) {
	s := created(t, 1, withBreaker, withBalancer)
	s.world.push("app:sick", "health=unhealthy")
	from := s.now
	s.deploy("app:sick")
	s.after(15 * time.Minute)
	expect.EqualIn(t, "service deployment", "ROLLBACK_SUCCESSFUL", s.service().History[0].Status)
	all := strings.Join(s.messages(from), "\n")
	for _, want := range []string{
		"(service api) (task ID) (port 8080) is unhealthy in (target-group " + groupARN + ") due to (reason Health checks failed with these codes: [503]).",
		"(service api) has started 1 tasks: (task ID). Amazon ECS replaced 1 tasks due to an unhealthy status.",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no event %q in:\n%s", want, all)
		}
	}
	reasons := map[string]int{}
	for _, task := range s.Tasks(rollout.TaskFilter{DesiredStatus: "STOPPED"}) {
		reasons[task.StopCode+": "+task.StoppedReason]++
	}
	want := map[string]int{"ServiceSchedulerInitiated: Task failed ELB health checks in (target-group " + groupARN + ")": 3}
	expect.EqualIn(t, "stopped tasks", want, reasons)
}

// Of two tasks the first to become healthy resets the count, unless that is off.
func TestAHealthyTaskResetsTheCount(t *testing.T) {
	for _, tc := range []struct {
		name string
		keep bool
		want int
	}{{"reset", false, 0}, {"kept", true, 2}} {
		t.Run(tc.name, func(t *testing.T) {
			s := newRig(t)
			s.create(1, "app:late", func(spec *rollout.ServiceSpec) {
				spec.Breaker = rollout.Breaker{Enable: true, KeepCount: tc.keep}
			})
			s.after(4 * time.Minute)
			if got := s.service().Deployments[0].Failed; got != 2 {
				t.Fatalf("%d failures", got)
			}
			s.world.push("app:late")
			s.after(5 * time.Minute)
			if d := s.service().Deployments[0]; d.RolloutState != "COMPLETED" || d.Failed != tc.want {
				t.Errorf("%s with %d failures, want %d", d.RolloutState, d.Failed, tc.want)
			}
		})
	}
}

func TestStopServiceDeployment(t *testing.T) {
	s := created(t, 2)
	s.world.push("app:v2")
	first := s.service().Deployments[0].ID
	s.deploy("app:v2")
	s.after(30 * time.Second)
	arn := s.service().History[0].ARN
	expect.OK(t, s.StopServiceDeployment(s.now, arn))
	expect.EqualIn(t, "at once it", "ROLLBACK_REQUESTED", s.service().History[0].Status)
	s.after(5 * time.Second)
	expect.EqualIn(t, "then it", "ROLLBACK_IN_PROGRESS", s.service().History[0].Status)
	s.after(2 * time.Minute)
	d := s.service().Deployments[0]
	if got := s.service().History[0].Status; got != "ROLLBACK_SUCCESSFUL" || d.ID != first || d.RolloutState != "COMPLETED" {
		t.Errorf("in the end it is %s, %v", got, s.lines())
	}
	for arn, code := range map[string]string{arn: "ConflictException", "none": "ServiceDeploymentNotFoundException"} {
		var failed *rollout.Error
		if err := s.StopServiceDeployment(s.now, arn); !errors.As(err, &failed) || failed.Code != code {
			t.Errorf("stopping %s: %v, want %s", arn, err, code)
		}
	}
}

func TestAlarms(t *testing.T) {
	for _, tc := range []struct {
		name   string
		before string // the alarm's state when the deployment begins
		status string
		state  string
	}{
		{"an alarm rolls back", "OK", "ROLLBACK_SUCCESSFUL", "TRIGGERED"},
		{"one in ALARM before is ignored", "ALARM", "SUCCESSFUL", "DISABLED"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := created(t, 1, func(spec *rollout.ServiceSpec) {
				spec.Alarms = rollout.Alarms{Names: []string{"errors"}, Enable: true, Rollback: true}
			})
			s.world.push("app:v2")
			s.world.alarms["errors"] = tc.before
			from := s.now
			s.deploy("app:v2")
			s.after(2 * time.Minute)
			if got := s.service().History[0]; tc.before == "OK" && (got.Status != "IN_PROGRESS" || got.LifecycleStage != "BAKE_TIME") {
				t.Errorf("while it bakes it is %s, %s", got.Status, got.LifecycleStage)
			}
			s.world.alarms["errors"] = "ALARM"
			s.after(10 * time.Minute)
			r := s.service().History[0]
			if r.Status != tc.status || r.Alarms.Status != tc.state {
				t.Errorf("service deployment %s, alarms %s", r.Status, r.Alarms.Status)
			}
			failed := slices.Contains(s.messages(from), "(service api) (deployment ecs-svc/N) deployment failed: alarm detected.")
			expect.EqualIn(t, "failure said", tc.before == "OK", failed)
			if got := s.service().Deployments[0]; got.RolloutState != "COMPLETED" || got.Running != 1 {
				t.Errorf("in the end %v", s.lines())
			}
		})
	}
}

// What is being rolled back to is no candidate until it has COMPLETED once more.
func TestNoSecondRollbackBeforeTheFirstIsComplete(t *testing.T) {
	s := created(t, 1, withBreaker)
	s.deploy("app:missing")
	s.after(6 * time.Minute)
	if got := s.service().History[0].Status; got != "ROLLBACK_IN_PROGRESS" {
		t.Fatalf("the service deployment is %s", got)
	}
	s.deploy("app:gone")
	s.after(10 * time.Minute)
	want := []line{{"PRIMARY", "FAILED", 1, 0, 0}, {"ACTIVE", "IN_PROGRESS", 1, 1, 0}}
	expect.Equal(t, want, s.lines())
	if r := s.service().History[0]; r.StatusReason != "No rollback candidate was found to run the rollback" {
		t.Errorf("service deployment %s: %s", r.Status, r.StatusReason)
	}
}

// While a new version cannot start, an old task that ends is replaced by its own kind.
func TestOldTasksAreReplacedWithTheirOwnRevision(t *testing.T) {
	s := created(t, 2)
	s.deploy("app:missing")
	s.after(time.Minute)
	old := s.Tasks(rollout.TaskFilter{ServiceARN: serviceARN})[0]
	expect.OK(t, s.CrashContainer(s.now, old.ARN, "app", 1))
	if err := s.CrashContainer(s.now, old.ARN, "app", 1); err == nil {
		t.Error("a container that ended crashed again")
	}
	s.after(5 * time.Minute)
	if d := s.service().Deployments[1]; d.Running != 2 || d.Desired != 2 {
		t.Errorf("the old deployment runs %d of %d", d.Running, d.Desired)
	}
}
