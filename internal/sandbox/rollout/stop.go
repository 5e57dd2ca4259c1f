package rollout

import "time"

// Exit codes of containers that were told to end.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
const (
	killed     = 137 // SIGKILL, also for want of memory
	terminated = 143 // SIGTERM

	// stopTimeout is ECS's default between SIGTERM and SIGKILL.
	stopTimeout = 30 * time.Second
)

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

// containerExits takes the end of a container that nobody asked for. That of an
// essential one ends the task.
func (e *Engine) containerExits(t *Task, n, code int, reason string) {
	c := &t.Containers[n]
	if c.LastStatus == stopped {
		return
	}
	c.LastStatus, c.ExitCode, c.Reason = stopped, &code, reason
	if t.spec.Containers[n].Essential {
		e.stop(t, essentialExited, "Essential container in task exited")
		return
	}
	e.dropSteps(t, n)
	e.taskChanged(t)
}

// dropSteps takes what a container that ended would have done out of the agenda.
func (e *Engine) dropSteps(t *Task, n int) {
	var kept []step
	for _, s := range t.state.Agenda {
		switch s.Kind {
		case stepContainerExits, stepOutOfMemory, stepContainerHealth:
			if s.N == n {
				continue
			}
		}
		kept = append(kept, s)
	}
	t.state.Agenda = kept
}

// terminate sends SIGTERM to the containers that run. One that does not heed it
// within its stop timeout is killed.
func (e *Engine) terminate(t *Task) {
	e.removeTargets(t)
	e.enter(t, stopping)
	for i := range t.Containers {
		c := &t.Containers[i]
		if c.LastStatus != running {
			c.LastStatus = stopped
			continue
		}
		exit := e.heeds(t, i)
		e.plan(t, exit.After, step{Kind: stepContainerStopped, N: i, Code: exit.Code})
	}
	e.deprovision(t)
}

// heeds returns how and when a container ends after SIGTERM.
func (e *Engine) heeds(t *Task, n int) Exit {
	timeout := t.spec.Containers[n].StopTimeout
	if timeout <= 0 {
		timeout = stopTimeout
	}
	exit := Exit{Code: terminated, After: e.options.Timings.Terminate}
	if own := t.state.Behaviours[n].Stop; own != nil {
		exit = *own
	}
	if exit.After >= timeout {
		exit = Exit{Code: killed, After: timeout}
	}
	return exit
}

func (e *Engine) containerStopped(t *Task, n, code int) {
	t.Containers[n].LastStatus, t.Containers[n].ExitCode = stopped, &code
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
