package rollout

import (
	"encoding/json"
	"time"
)

// stopTimeout is ECS's default between SIGTERM and SIGKILL.
const stopTimeout = 30 * time.Second

// stop begins the end of a task: its targets drain, its containers get SIGTERM and
// then SIGKILL, its network interface goes. It does nothing to a task that is
// stopping already.
func (e *Engine) stop(t *Task, code, reason string) {
	if !t.live() {
		return
	}
	launched := !t.StartedAt.IsZero()
	t.DesiredStatus, t.StopCode, t.StoppedReason, t.StoppingAt = stopped, code, reason, e.now
	t.state.Agenda = nil
	if !launched && (code == failedToStart || code == essentialExited) {
		e.launchFailed(t)
	}
	drain := e.drainTargets(t)
	if drain > 0 && code != essentialExited {
		e.enter(t, deactivating)
		e.plan(t, drain, step{Kind: stepDrained})
	} else {
		e.terminate(t)
	}
	e.arm(t)
}

// containerExits takes the end of a container. An essential one that exits
// by itself ends the task.
func (e *Engine) containerExits(t *Task, n, code int, reason string) {
	c := &t.Containers[n]
	c.LastStatus, c.ExitCode, c.Reason = stopped, &code, reason
	switch {
	case t.LastStatus == stopping:
		e.deprovision(t)
	case t.spec.Containers[n].Essential:
		e.stop(t, essentialExited, "Essential container in task exited")
	default:
		e.taskChanged(t)
	}
}

// terminate sends SIGTERM to the containers that run. One that does not heed it
// within its stop timeout is killed.
func (e *Engine) terminate(t *Task) {
	e.removeTargets(t)
	e.enter(t, stopping)
	for i := range t.Containers {
		e.stopContainer(t, i)
	}
	e.deprovision(t)
}

// deprovision follows the end of the last container.
func (e *Engine) deprovision(t *Task) {
	for i := range t.Containers {
		if t.Containers[i].LastStatus != stopped {
			return
		}
	}
	t.ExecutionStoppedAt = e.now
	e.enter(t, deprovisioning)
	e.plan(t, e.options.Timings.Deprovision, step{Kind: stepStopped})
}

// stopped ends a task. It can be described for an hour from here on.
func (e *Engine) stopped(t *Task) {
	t.StoppedAt = e.now
	e.enter(t, stopped)
	e.leave(t)
	if t.service != nil {
		t.service.forget(t)
		t.service = nil
	}
	t.state = taskState{}
	e.plan(t, e.options.Timings.Forget, step{Kind: stepForget})
}

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

// StopTask stops a task for a user; an empty reason becomes AWS's own. A task
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
