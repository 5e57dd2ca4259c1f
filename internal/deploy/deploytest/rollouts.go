package deploytest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Completes lets every rollout end well at the next poll.
func Completes(f *ECS, s *ecs.Service) {
	d := &s.Deployments[0]
	if d.RolloutState == "COMPLETED" && d.Running == d.Desired && len(s.Deployments) == 1 {
		return
	}
	d.RolloutState, d.Running, d.Pending = "COMPLETED", d.Desired, 0
	d.RolloutReason = "ECS deployment " + d.ID + " completed."
	s.Deployments, s.Running = s.Deployments[:1], d.Desired
	f.run(s, *d)
}

// run lets the tasks of the deployment be the ones that run.
func (f *ECS) run(s *ecs.Service, d ecs.Deployment) {
	f.Tasks = slices.DeleteFunc(f.Tasks, func(t ecs.Task) bool { return t.Group == "service:"+s.Name && t.DesiredStatus == "RUNNING" })
	for i := range d.Running {
		f.Tasks = append(f.Tasks, f.Task(s, d, fmt.Sprintf("run%s-%d", ecs.LastPart(d.ID), i), "RUNNING"))
	}
}

// Task returns a task of a deployment.
func (f *ECS) Task(s *ecs.Service, d ecs.Deployment, id, status string) ecs.Task {
	t := ecs.Task{
		ARN: "arn:aws:ecs:r:1:task/c/" + id, TaskDefinition: d.TaskDefinition, LastStatus: status, DesiredStatus: status,
		StartedBy: d.ID, Group: "service:" + s.Name, CreatedAt: time.Now(),
	}
	definition, err := taskdef.FromJSON(f.Definition(d.TaskDefinition).Record)
	if err != nil {
		panic(err)
	}
	for name, image := range definition.Containers() {
		ref, err := tagboat.ParseReference(image)
		if err != nil {
			panic(err)
		}
		t.Containers = append(t.Containers, ecs.Container{Name: string(name), Image: image, Digest: string(ref.Digest), LastStatus: status})
	}
	return t
}

// Crash lets one task of the deployment start and exit.
func (f *ECS) Crash(s *ecs.Service, d *ecs.Deployment, code int) {
	d.FailedTasks++
	t := f.Task(s, *d, fmt.Sprintf("%031d%d", f.deployed, d.FailedTasks), "STOPPED")
	t.StopCode, t.StoppedReason = "EssentialContainerExited", "Essential container in task exited"
	t.Containers[0].ExitCode = &code
	f.Tasks = append(f.Tasks, t)
	f.logs["/c/api:x/app/"+t.ID()] = []ecs.LogLine{{Message: "starting"}, {Message: "panic: no database"}}
}

// Bad reports whether a deployment brings out the image that never works.
func (f *ECS) Bad(d ecs.Deployment) bool {
	return strings.Contains(string(f.Definition(d.TaskDefinition).Record), string(Digest("bad")))
}

// BadCrashes lets tasks of the bad image exit one by one, and all others run.
func BadCrashes(f *ECS, s *ecs.Service) {
	if d := &s.Deployments[0]; f.Bad(*d) && d.Desired > 0 {
		f.Crash(s, d, 3)
		return
	}
	Completes(f, s)
}

// EcsRollsBack lets the bad image fail twice and ECS roll back, as its circuit breaker
// does: the old deployment is PRIMARY again under its old id.
func EcsRollsBack(f *ECS, s *ecs.Service) {
	d := &s.Deployments[0]
	switch {
	case f.Bad(*d) && d.FailedTasks < 2:
		f.Crash(s, d, 3)
	case f.Bad(*d):
		old := &s.Deployments[1]
		d.Status, d.RolloutState, d.Desired = "ACTIVE", "FAILED", 0
		d.RolloutReason = "ECS deployment circuit breaker: rolling back to deploymentId " + old.ID + "."
		old.Status, old.RolloutState = "PRIMARY", "IN_PROGRESS"
		for i, what := range []string{"(deployment " + d.ID + ") deployment failed: tasks failed to start.", "rolling back to deployment " + old.ID + "."} {
			s.Events = append([]ecs.Event{{ID: fmt.Sprint(d.ID, i), At: time.Now(), Message: "(service " + s.Name + ") " + what}}, s.Events...)
		}
		slices.Reverse(s.Deployments)
	default:
		Completes(f, s)
	}
}

// Never lets no rollout come to an end.
func Never(*ECS, *ecs.Service) {}

// BubbleBadOnly keeps rollouts of what is neither bad nor v1 from ending.
func (f *ECS) BubbleBadOnly() {
	f.Rolls = func(f *ECS, s *ecs.Service) {
		record := string(f.Definition(s.Deployments[0].TaskDefinition).Record)
		if strings.Contains(record, string(Digest("never"))) {
			return
		}
		BadCrashes(f, s)
	}
}
