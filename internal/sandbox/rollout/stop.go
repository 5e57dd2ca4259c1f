package rollout

import "time"

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

// containerExits takes the end of a container. That of an essential one which nobody
// asked for ends the task.
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
