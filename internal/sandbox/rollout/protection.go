package rollout

import (
	"fmt"
	"time"
)

// Protect keeps a service's task from being stopped because the service wants fewer, or
// others, until a time; the zero time ends that. Health checks and StopTask stop it still.
// The error is an *Error: InvalidParameterException where no service has such a task.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html
func (e *Engine) Protect(now time.Time, arn string, until time.Time) error {
	e.Advance(now)
	t := e.tasks[arn]
	if t == nil || t.service == nil || !t.live() {
		return refuse("InvalidParameterException", "The task %s cannot be protected.", arn)
	}
	t.ProtectedUntil = until
	e.settle(t.service)
	return nil
}

// Protected tells whether the task is protected at a time.
func (t *Task) Protected(now time.Time) bool { return now.Before(t.ProtectedUntil) }

// sayProtected says once that protected tasks keep a service from being what it should.
func (e *Engine) sayProtected(f *fleet) {
	s := f.service
	for _, d := range s.Deployments {
		kept := 0
		for _, t := range s.tasks {
			if t.StartedBy == d.ID && t.good() && t.Protected(e.now) {
				kept++
			}
		}
		wanted := f.desired
		if d != f.primary {
			wanted = max(0, f.desired-f.of[f.primary].fit)
		}
		kept = min(kept, f.of[d].good-wanted)
		if kept > 0 && kept != d.state.Kept {
			e.say(s, fmt.Sprintf("was unable to reach steady state because (taskSet %s) was unable to scale in due to (reason %d tasks under protection)", d.ID, kept))
		}
		d.state.Kept = max(0, kept)
	}
}
