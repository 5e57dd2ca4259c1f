package rollout

import (
	"fmt"
	"time"
)

// reconcile is the scheduler's look at a service: it judges what happened to its
// tasks, starts and stops some as the bounds allow, and says when to look again.
// Whatever happens to a task of a service leads here at the same instant.
func (e *Engine) reconcile(s *Service) {
	e.queue.set(&s.due, time.Time{})
	switch {
	case s.Status == active && s.Spec.external():
		return
	case s.Status == active:
		e.roll(s)
	case s.Status == draining:
		e.drain(s)
	}
	e.sayTargets(s)
	e.count(s)
	if s.Status == active {
		e.queue.set(&s.due, e.lookAgain(s))
	}
}

func (e *Engine) roll(s *Service) {
	e.deploymentBegins(s, s.primary())
	e.examine(s)
	e.obey(s)
	e.watchAlarms(s)
	e.judge(s)
	e.shift(s)
	s.primary().Desired = e.desired(s)
	f := e.survey(s)
	e.release(f)
	e.makeRoom(f)
	e.fill(f)
	e.sayProtected(f)
	e.retire(s)
	e.complete(s)
	e.steady(s)
}

// drain stops all tasks of a service that was deleted, and ends it with the last.
func (e *Engine) drain(s *Service) {
	f := e.survey(s)
	for _, t := range s.tasks {
		f.halt(e, t)
	}
	e.sayStopped(s, f.ran, f.waiting)
	if len(s.tasks) > 0 {
		return
	}
	s.Status = inactive
	e.roster++
	s.Deployments, s.History, s.Revisions = nil, nil, nil
	s.state = serviceState{targets: s.state.targets}
}

// retire takes older deployments without tasks off the list: they are INACTIVE. One
// that FAILED stays while the service is rolled back from it.
func (e *Engine) retire(s *Service) {
	p := s.primary()
	has := map[string]bool{}
	for _, t := range s.tasks {
		has[t.StartedBy] = true
	}
	staying := s.Deployments[:1]
	for _, d := range s.Deployments[1:] {
		if has[d.ID] || d.RolloutState == failed && p.state.Rollback {
			staying = append(staying, d)
		}
	}
	clear(s.Deployments[len(staying):])
	s.Deployments = staying
}

// complete ends the primary deployment well: all tasks that it wants are healthy, no
// other task is left, and the bake time is over.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
func (e *Engine) complete(s *Service) {
	p := s.primary()
	if p.RolloutState != inProgress || !p.state.Begun || p.holds() || e.now.Before(p.state.NotDone) || !e.settled(s) || !e.baked(s, p) {
		return
	}
	p.state.Rollback = false
	e.retire(s)
	e.say(s, "(deployment "+p.ID+") deployment completed.")
	e.conclude(s, p, completed, "ECS deployment "+p.ID+" completed.")
	e.count(s)
	if s.History[0].LifecycleStage != "" {
		s.History[0].LifecycleStage = stageCleanUp
	}
	e.closeServiceDeployment(s)
	s.state.Completed = p
}

// settled reports whether all tasks that the service has are healthy ones of its primary
// deployment, as many as it wants.
func (e *Engine) settled(s *Service) bool {
	fit := 0
	for _, t := range s.tasks {
		switch {
		case t.StartedBy != s.primary().ID:
			return false
		case t.fit():
			fit++
		case t.live():
			return false
		}
	}
	return fit == e.desired(s)
}

// steady says that a service has come to rest, and again every few hours.
func (e *Engine) steady(s *Service) {
	switch p := s.primary(); {
	case p.RolloutState != completed || !e.settled(s) || len(s.tasks) > e.desired(s):
		s.state.SteadyAt = time.Time{}
	case s.state.SteadyAt.IsZero(), !e.now.Before(s.state.SteadyAt.Add(e.options.Timings.Steady)):
		e.saySteady(s)
	}
}

// lookAgain returns when time alone gives the scheduler something to do; zero if
// never.
func (e *Engine) lookAgain(s *Service) time.Time {
	if e.tripped(s) { // by a task that found no place just now
		return e.now
	}
	var next time.Time
	consider := func(at time.Time) {
		if at.After(e.now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	for _, d := range s.Deployments {
		consider(d.state.NotBefore)
		consider(d.state.NotDone)
	}
	consider(s.state.StopAt)
	consider(s.state.FreeNext)
	if p := s.primary(); s.watched(p) {
		consider(p.state.AlarmsAt)
		consider(p.state.BakedAt)
	}
	e.considerStage(s, consider)
	for _, t := range s.tasks {
		if t.ailing() {
			consider(t.graceEnds())
		}
		consider(t.ProtectedUntil)
	}
	if !s.state.SteadyAt.IsZero() {
		consider(s.state.SteadyAt.Add(e.options.Timings.Steady))
	}
	return next
}

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

// Protected reports whether the task is protected at a time.
func (t *Task) Protected(now time.Time) bool { return now.Before(t.ProtectedUntil) }

// sayProtected says once that protected tasks keep a service from being what it should.
func (e *Engine) sayProtected(f *fleet) {
	s := f.service
	for _, d := range s.Deployments {
		protected := 0
		for _, t := range s.tasks {
			if t.StartedBy == d.ID && t.good() && t.Protected(e.now) {
				protected++
			}
		}
		wanted := f.desired
		if d != f.primary {
			wanted = max(0, f.desired-f.of[f.primary].fit)
		}
		protected = min(protected, f.of[d].good-wanted)
		if protected > 0 && protected != d.state.Kept {
			e.say(s, fmt.Sprintf("was unable to reach steady state because (taskSet %s) was unable to scale in due to (reason %d tasks under protection)", d.ID, protected))
		}
		d.state.Kept = max(0, protected)
	}
}
