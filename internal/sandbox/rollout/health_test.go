package rollout_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/rollout/simulated"
)

func itoa(n int) string { return strconv.Itoa(n) }

// change is when a task's health became what it is, counted from its container's start.
type change struct {
	After  time.Duration
	Health string
}

func TestContainerHealthChecks(t *testing.T) {
	quick := rollout.HealthCheck{Interval: 10 * time.Second, Timeout: 2 * time.Second, Retries: 2}
	lenient := quick
	lenient.StartPeriod = time.Minute
	for _, tc := range []struct {
		name, health string
		check        rollout.HealthCheck
		want         []change
	}{
		{"healthy", "healthy", quick, []change{{10 * time.Second, "HEALTHY"}}},
		{"ECS's defaults", "unhealthy", rollout.HealthCheck{}, []change{{105 * time.Second, "UNHEALTHY"}}},
		{"unhealthy", "unhealthy", quick, []change{{24 * time.Second, "UNHEALTHY"}}},
		{"start period", "unhealthy", lenient, []change{{84 * time.Second, "UNHEALTHY"}}},
		{"late", "healthy@40s", lenient, []change{{46 * time.Second, "HEALTHY"}}},
		{"flaps", "healthy@2s,unhealthy@1m,healthy@2m", quick,
			[]change{{10 * time.Second, "HEALTHY"}, {74 * time.Second, "UNHEALTHY"}, {120 * time.Second, "HEALTHY"}}},
		{"well while a check times out", "unhealthy,healthy@95s", quick,
			[]change{{24 * time.Second, "UNHEALTHY"}, {106 * time.Second, "HEALTHY"}}},
		{"sick for one check", "healthy,unhealthy@55s,healthy@61s", quick, []change{{10 * time.Second, "HEALTHY"}}},
		{"after a day", "healthy,unhealthy@24h", quick,
			[]change{{10 * time.Second, "HEALTHY"}, {24*time.Hour + 14*time.Second, "UNHEALTHY"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newRig(t)
			s.world.push("app:v1", "health="+tc.health)
			task := s.run(rollout.ContainerSpec{Name: "app", Image: "app:v1", Essential: true, Health: &tc.check})
			began := epoch.Add(13 * time.Second) // provisioned and pulled
			var got []change
			last := "UNKNOWN"
			walk(func(s *rig) {
				if task.Health != last {
					last = task.Health
					got = append(got, change{s.now.Sub(began), last})
				}
			})(s, epoch.Add(25*time.Hour))
			expect.Equal(t, tc.want, got)
		})
	}
}

// A service with a container health check waits for it, and replaces what fails it.
func TestContainerHealthDecidesARollout(t *testing.T) {
	checked := func(image string) func(*rollout.ServiceSpec) {
		return func(s *rollout.ServiceSpec) {
			s.Task = taskSpec(image)
			s.Task.Containers[0].Health = &rollout.HealthCheck{Interval: 5 * time.Second, Retries: 2}
			withBreaker(s)
		}
	}
	s := created(t, 1, checked("app:v1"))
	s.world.push("app:sick", "health=healthy@20s,unhealthy@22s")
	from := s.now
	s.update(false, checked("app:sick"))
	s.after(10 * time.Minute)
	expect.EqualIn(t, "service deployment", "ROLLBACK_SUCCESSFUL", s.service().History[0].Status)
	if all := strings.Join(s.messages(from), "\n"); !strings.Contains(all, "(service api) (task ID) failed container health checks.") {
		t.Errorf("no such event in:\n%s", all)
	}
	for _, task := range s.Tasks(rollout.TaskFilter{DesiredStatus: "STOPPED"}) {
		if task.StoppedReason != "Task failed container health checks" {
			t.Errorf("a task stopped for %s: %s", task.StopCode, task.StoppedReason)
		}
	}
}

// Within the grace period failing health checks are ignored; after it they count.
func TestGracePeriod(t *testing.T) {
	for _, tc := range []struct {
		name  string
		grace time.Duration
		want  string
	}{
		{"long enough", 5 * time.Minute, "COMPLETED"},
		{"too short", 30 * time.Second, "FAILED"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newRig(t)
			s.world.push("app:slow", "health=healthy@3m")
			s.create(1, "app:slow", withBreaker, withBalancer, func(spec *rollout.ServiceSpec) { spec.Grace = tc.grace })
			s.after(30 * time.Minute)
			expect.EqualIn(t, "the deployment", tc.want, s.service().Deployments[0].RolloutState)
		})
	}
}

// In a steady service an unhealthy task is replaced first and stopped then.
func TestUnhealthyTasksAreReplaced(t *testing.T) {
	s := newRig(t)
	s.world.push("app:flaps", "health=healthy,unhealthy@1h")
	s.create(2, "app:flaps", withBalancer)
	s.after(30 * time.Minute)
	from := s.now
	s.after(40 * time.Minute)
	group := "(target-group " + groupARN + ")"
	sick := "(service api) (task ID) (port 8080) is unhealthy in " + group + " due to (reason Health checks failed with these codes: [503])."
	want := []string{
		sick, sick,
		"(service api) has started 2 tasks: (task ID) (task ID). Amazon ECS replaced 2 tasks due to an unhealthy status.",
		"(service api) registered 2 targets in " + group,
		"(service api) has stopped 2 running tasks: (task ID) (task ID).",
		"(service api) deregistered 2 targets in " + group,
		"(service api, taskSet ecs-svc/N) has begun draining connections on 2 tasks.",
		"(service api) has reached a steady state.",
	}
	expect.EqualIn(t, "events", want, s.messages(from))
}

// groups is a world that knows its target groups.
type groups struct {
	*world
	settings map[string]rollout.TargetGroup
}

func (g groups) TargetGroup(arn string) (rollout.TargetGroup, bool) {
	s, ok := g.settings[arn]
	return s, ok
}

var _ rollout.TargetGroups = groups{}

// The settings of a target group decide when its target is healthy and how long it
// drains.
func TestTargetGroupSettings(t *testing.T) {
	const registered = 28 * time.Second // scheduled, provisioned, pulled, reported, activated
	quick := rollout.TargetGroup{Interval: 5 * time.Second, HealthyThreshold: 2, UnhealthyThreshold: 3, Drain: 10 * time.Second}
	for _, tc := range []struct {
		name           string
		settings       map[string]rollout.TargetGroup
		healthy, drain time.Duration
	}{
		{"known", map[string]rollout.TargetGroup{groupARN: quick}, 5 * time.Second, 10 * time.Second},
		{"unknown", nil, 30 * time.Second, time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld()
			w.push("app:v1")
			s := &rig{Engine: rollout.New(groups{w, tc.settings}, simulated.Runtime{}, rollout.Options{}), t: t, world: w, now: epoch}
			s.create(1, "app:v1", withBalancer)
			s.after(registered + tc.healthy)
			if d := s.service().Deployments[0]; d.RolloutState != "COMPLETED" || !d.UpdatedAt.Equal(s.now) {
				t.Errorf("the deployment is %s since %s", d.RolloutState, d.UpdatedAt.Sub(epoch))
			}
			task := s.Tasks(rollout.TaskFilter{})[0]
			expect.Value(s.StopTask(s.now, task.ARN, ""))(t)
			for ; task.LastStatus == "DEACTIVATING"; s.after(time.Second) {
			}
			expect.EqualIn(t, "its target drained for", tc.drain, s.now.Sub(task.StoppingAt))
		})
	}
}

// A rollback that is requested as the deployment completes comes too late.
func TestARollbackThatComesTooLate(t *testing.T) {
	s := created(t, 1)
	s.world.push("app:v2")
	from := s.now
	s.deploy("app:v2")
	s.after(81 * time.Second)
	if err := s.StopServiceDeployment(s.now, s.service().History[0].ARN); err != nil {
		t.Fatalf("after %s: %v, %v", s.now.Sub(from), err, s.lines())
	}
	s.after(time.Minute)
	if got := s.service().History[0].Status; got != "SUCCESSFUL" {
		t.Errorf("the service deployment is %s, %v", got, s.lines())
	}
}
