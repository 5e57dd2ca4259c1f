package rollout_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/rollout/simulated"
)

var (
	taskIDs       = regexp.MustCompile(`\(task [0-9a-f]{32}\)`)
	deploymentIDs = regexp.MustCompile(`ecs-svc/[0-9]{19}`)
)

// line is a deployment as one line of a table.
type line struct {
	Status, State             string
	Desired, Running, Pending int
}

func (s *rig) lines() []line {
	var out []line
	for _, d := range s.service().Deployments {
		out = append(out, line{d.Status, d.RolloutState, d.Desired, d.Running, d.Pending})
	}
	return out
}

func TestCalmRollout(t *testing.T) {
	s := created(t, 2)
	s.world.push("app:v2")
	from := s.now
	first := s.service().Deployments[0].ID
	s.deploy("app:v2")

	for _, step := range []struct {
		until time.Duration
		want  []line
	}{
		{0, []line{{"PRIMARY", "IN_PROGRESS", 2, 0, 0}, {"ACTIVE", "COMPLETED", 2, 2, 0}}},
		{2 * time.Second, []line{{"PRIMARY", "IN_PROGRESS", 2, 0, 2}, {"ACTIVE", "COMPLETED", 2, 2, 0}}},
		{30 * time.Second, []line{{"PRIMARY", "IN_PROGRESS", 2, 2, 0}, {"ACTIVE", "COMPLETED", 2, 2, 0}}},
		{60 * time.Second, []line{{"PRIMARY", "IN_PROGRESS", 2, 2, 0}, {"ACTIVE", "COMPLETED", 0, 0, 0}}},
		{82 * time.Second, []line{{"PRIMARY", "COMPLETED", 2, 2, 0}}},
	} {
		s.after(from.Add(step.until).Sub(s.now))
		expect.EqualIn(t, fmt.Sprintf("after %s", step.until), step.want, s.lines())
	}
	want := []string{
		"(service api) has started 2 tasks: (task ID) (task ID).",
		"(service api) has stopped 2 running tasks: (task ID) (task ID).",
		"(service api) (deployment ecs-svc/N) deployment completed.",
		"(service api) has reached a steady state.",
	}
	expect.EqualIn(t, "events", want, s.messages(from))
	d := s.service().Deployments[0]
	if d.ID == first || d.RolloutReason != "ECS deployment "+d.ID+" completed." {
		t.Errorf("deployment %s: %s", d.ID, d.RolloutReason)
	}
}

func TestRolloutBehindALoadBalancer(t *testing.T) {
	s := created(t, 1, withBalancer)
	s.world.push("app:v2")
	from := s.now
	s.deploy("app:v2")
	s.after(100 * time.Second)
	var old, young int
	for _, state := range s.world.targets {
		switch state {
		case "healthy":
			young++
		case "draining Target.DeregistrationInProgress":
			old++
		}
	}
	if old != 1 || young != 1 {
		t.Errorf("while the old task drains the targets are %v", s.world.targets)
	}
	s.after(50 * time.Second)
	want := []string{
		"(service api) has started 1 tasks: (task ID).",
		"(service api) registered 1 targets in (target-group " + groupARN + ")",
		"(service api) has stopped 1 running tasks: (task ID).",
		"(service api) deregistered 1 targets in (target-group " + groupARN + ")",
		"(service api, taskSet ecs-svc/N) has begun draining connections on 1 tasks.",
		"(service api) (deployment ecs-svc/N) deployment completed.",
		"(service api) has reached a steady state.",
	}
	expect.EqualIn(t, "events", want, s.messages(from))
	expect.EqualIn(t, "targets are left", 1, len(s.world.targets))
}

func TestBoundsThatAllowNothing(t *testing.T) {
	const message = "(service api) was unable to stop or start tasks during a deployment because of the service " +
		"deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
	for _, tc := range []struct {
		name                  string
		desired, lower, upper int
		stuck                 bool
	}{
		{"two at 75 of 100 may stop none", 2, 75, 100, true},
		{"three at 125 may start none", 3, 100, 125, true},
		{"two at 50 of 100 go one by one", 2, 50, 100, false},
		{"four at 125 may start one", 4, 100, 125, false},
		{"one at 0 of 100 stops first", 1, 0, 100, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := created(t, tc.desired, withBounds(tc.lower, tc.upper))
			s.world.push("app:v2")
			from := s.now
			s.deploy("app:v2")
			s.after(30 * time.Minute)
			said := false
			for _, m := range s.messages(from) {
				said = said || m == message
			}
			if state := s.service().Deployments[0].RolloutState; said != tc.stuck || (state == "COMPLETED") == tc.stuck {
				t.Errorf("deadlock said: %t, state %s", said, state)
			}
			s.update(false, func(spec *rollout.ServiceSpec) { spec.MinHealthyPercent, spec.MaxPercent = 100, 200 })
			s.after(10 * time.Minute)
			expect.EqualIn(t, "with other bounds the deployment", "COMPLETED", s.service().Deployments[0].RolloutState)
		})
	}
}

func TestWhatStartsADeployment(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*rollout.ServiceSpec)
		force  bool
		want   bool
	}{
		{"nothing", func(*rollout.ServiceSpec) {}, false, false},
		{"force", func(*rollout.ServiceSpec) {}, true, true},
		{"task definition", func(s *rollout.ServiceSpec) { s.Task = taskSpec("app:v2") }, false, true},
		{"load balancers", withBalancer, false, true},
		{"platform version", func(s *rollout.ServiceSpec) { s.PlatformVersion = "1.3.0" }, false, true},
		{"network", func(s *rollout.ServiceSpec) { s.Revision = []byte(`{"a":1, "b":[2]}`) }, false, true},
		{"the same network", func(s *rollout.ServiceSpec) { s.Revision = []byte(`{"b":[ 2 ],"a":0}`) }, false, false},
		{"desired count", func(s *rollout.ServiceSpec) { s.Desired = 3 }, false, false},
		{"bounds", withBounds(0, 100), false, false},
		{"breaker", withBreaker, false, false},
		{"grace period", func(s *rollout.ServiceSpec) { s.Grace = time.Minute }, false, false},
		{"capacity providers", func(s *rollout.ServiceSpec) { s.Capacity = []rollout.Capacity{{Provider: "FARGATE_SPOT"}} }, false, false},
		{"other", func(s *rollout.ServiceSpec) { s.Other = []byte(`{"tags":1}`) }, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := created(t, 1, func(s *rollout.ServiceSpec) { s.Revision = []byte(`{"a":0,"b":[2]}`) })
			s.world.push("app:v2")
			before := s.service().Deployments[0].ID
			s.update(tc.force, tc.change)
			expect.EqualIn(t, "a deployment started", tc.want, s.service().Deployments[0].ID != before)
		})
	}
}

func TestScaling(t *testing.T) {
	s := created(t, 1)
	scale := func(n int) { s.update(false, func(spec *rollout.ServiceSpec) { spec.Desired = n }) }
	from := s.now
	scale(25)
	s.after(5 * time.Minute)
	scale(2)
	s.after(5 * time.Minute)
	want := []string{
		"(service api) has started 10 tasks: " + repeat(10) + ".",
		"(service api) has started 10 tasks: " + repeat(10) + ".",
		"(service api) has started 4 tasks: " + repeat(4) + ".",
		"(service api) has reached a steady state.",
		"(service api) has stopped 23 running tasks: " + repeat(23) + ".",
		"(service api) has reached a steady state.",
	}
	expect.EqualIn(t, "events", want, s.messages(from))
	expect.EqualIn(t, "deployments", []line{{"PRIMARY", "COMPLETED", 2, 2, 0}}, s.lines())
}

func repeat(n int) string {
	s := "(task ID)"
	for range n - 1 {
		s += " (task ID)"
	}
	return s
}

func TestANewerUpdateOvertakes(t *testing.T) {
	s := created(t, 2)
	s.world.push("app:v2")
	s.world.push("app:v3")
	s.deploy("app:v2")
	s.after(10 * time.Second)
	from := s.now
	s.deploy("app:v3")
	expect.EqualIn(t, "at once", []line{
		{"PRIMARY", "IN_PROGRESS", 2, 0, 0},
		{"ACTIVE", "IN_PROGRESS", 0, 0, 0},
		{"ACTIVE", "COMPLETED", 2, 2, 0},
	}, s.lines())
	expect.EqualIn(t, "the older service deployment", "STOP_REQUESTED", s.service().History[1].Status)
	s.after(5 * time.Second)
	expect.EqualIn(t, "the older service deployment", "STOPPED", s.service().History[1].Status)
	s.after(2 * time.Minute)
	expect.EqualIn(t, "in the end", []line{{"PRIMARY", "COMPLETED", 2, 2, 0}}, s.lines())
	expect.EqualIn(t, "first event", "(service api) stopped 2 pending tasks.", s.messages(from)[0])
}

func TestSteadyStateIsSaidAgain(t *testing.T) {
	s := created(t, 1)
	from := s.now
	s.after(13 * time.Hour)
	want := []string{"(service api) has reached a steady state.", "(service api) has reached a steady state."}
	expect.EqualIn(t, "events", want, s.messages(from))
}

func TestDaemonRunsOneTaskPerInstance(t *testing.T) {
	w := newWorld()
	w.push("app:v1")
	s := &rig{Engine: rollout.New(w, simulated.Runtime{}, rollout.Options{}), t: t, world: w, now: epoch}
	for range 3 {
		s.instance(rollout.Needs{CPU: 1024, Memory: 1024})
	}
	s.create(0, "app:v1", withBounds(0, 100), onInstances(rollout.Needs{}), func(spec *rollout.ServiceSpec) { spec.Strategy = rollout.Daemon })
	s.after(2 * time.Minute)
	expect.Equal(t, []line{{"PRIMARY", "COMPLETED", 3, 3, 0}}, s.lines())
}

func TestNothingWantedIsCompleteAtOnce(t *testing.T) {
	s := newRig(t)
	s.create(0, "app:missing")
	s.after(2 * time.Second)
	expect.Equal(t, []line{{"PRIMARY", "COMPLETED", 0, 0, 0}}, s.lines())
}
