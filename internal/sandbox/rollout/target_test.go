package rollout_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/rollout/simulated"
)

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
