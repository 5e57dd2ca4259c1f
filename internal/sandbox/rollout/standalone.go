package rollout

import (
	"encoding/json"
	"time"
)

// RunTaskSpec is the input of RunTask for one task.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
type RunTaskSpec struct {
	ClusterARN      string
	Task            *TaskSpec
	Group           string // "" means family:FAMILY
	StartedBy       string
	LaunchType      string
	Provider        string // the capacity provider; "" where the launch type says it
	PlatformVersion string
	Places          []Place
	Other           json.RawMessage // kept in Task.Other
}

// RunTask starts a task that belongs to no service, if there is a place for it.
func (e *Engine) RunTask(now time.Time, spec RunTaskSpec) (*Task, *Unplaced) {
	e.Advance(now)
	if spec.Group == "" {
		spec.Group = "family:" + spec.Task.Family
	}
	t := &Task{
		ClusterARN: spec.ClusterARN, Group: spec.Group, StartedBy: spec.StartedBy, LaunchType: spec.LaunchType,
		CapacityProvider: spec.Provider, PlatformVersion: spec.PlatformVersion, Other: spec.Other,
	}
	task := e.adopt(spec.Task)
	if why := e.place(t, task, spec.Places); why != nil {
		return nil, why
	}
	return e.launch(t, task), nil
}

// StopTask stops a task on a user's wish; an empty reason becomes AWS's own. A task
// that is stopping already is left alone. The error is an *Error:
// InvalidParameterException where there is no such task.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
func (e *Engine) StopTask(now time.Time, arn, reason string) (*Task, error) {
	e.Advance(now)
	t := e.tasks[arn]
	if t == nil {
		return nil, refuse("InvalidParameterException", "The referenced task was not found.")
	}
	if reason == "" {
		reason = "Task stopped by user"
	}
	e.stop(t, userInitiated, reason)
	e.Advance(e.now)
	return t, nil
}

// Interrupt takes a task's Spot capacity away. A task that is stopping already is left
// alone. The error is an *Error: InvalidParameterException where there is no such task.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
func (e *Engine) Interrupt(now time.Time, arn string) error {
	e.Advance(now)
	t := e.tasks[arn]
	if t == nil {
		return refuse("InvalidParameterException", "The referenced task was not found.")
	}
	e.stop(t, spotInterrupted, "Your Spot Task was interrupted.")
	e.Advance(e.now)
	return nil
}

// CrashContainer ends a container that runs, as if it had exited by itself with that
// code. The error is an *Error: InvalidParameterException where no such container runs.
func (e *Engine) CrashContainer(now time.Time, arn, container string, code int) error {
	e.Advance(now)
	if t := e.tasks[arn]; t != nil && t.live() {
		for i := range t.Containers {
			if t.Containers[i].Name == container && t.Containers[i].LastStatus == running {
				e.Observe(now, arn, ContainerEvent{Kind: Exited, Container: i, Code: code})
				return nil
			}
		}
	}
	return refuse("InvalidParameterException", "No container %s of task %s runs.", container, arn)
}
