package rollout

import "time"

// threshold returns how many failures trip the breaker of a service that wants so
// many tasks: with BOUNDED_PERCENT, the default at 50, at least 3 and at most 200.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func (b Breaker) threshold(desired int) int {
	value := b.ThresholdValue
	if value == 0 {
		value = 50
	}
	share := (desired*value + 99) / 100
	switch b.ThresholdType {
	case Count:
		return value
	case UnboundedPercent:
		return max(share, 1)
	default:
		return min(max(share, 3), 200)
	}
}

// launchFailed takes the end of a task that never reached RUNNING. Its deployment
// tries again after a delay that doubles from round to round, up to 27 minutes, until
// a task runs or a new deployment begins. Exits and failed health checks after RUNNING
// delay nothing.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
func (e *Engine) launchFailed(t *Task) {
	s, d := t.service, t.deployment()
	if s == nil || d == nil {
		return
	}
	if t.StopCode == failedToStart {
		e.say(s, "was unable to place a task. Reason: "+t.StoppedReason+".")
		e.act(s, "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE", t.StoppedReason)
	}
	if !d.state.LaunchFailedAt.Equal(e.now) {
		d.state.LaunchFailedAt = e.now
		d.state.LaunchFailures++
		if d.state.LaunchFailures >= unresolvedAfter {
			e.say(s, "is unable to consistently start tasks successfully.")
			e.act(s, "WARN", "SERVICE_TASK_START_IMPAIRED", "")
		}
	}
	d.state.NotBefore = e.now.Add(e.options.Timings.backoff(d.state.LaunchFailures))
	d.fail()
	e.wake(s)
}

// fail counts a failed task while the deployment is judged by them.
func (d *Deployment) fail() {
	if d.Status == primary && d.RolloutState == inProgress {
		d.Failed++
	}
}

// examine looks at the health of the service's tasks: one that became healthy resets
// the count of failures, one whose health checks fail after its grace period has to be
// replaced, and counts as a failure.
func (e *Engine) examine(s *Service) {
	for _, t := range s.tasks {
		switch {
		case !t.state.WasHealthy && t.fit():
			t.state.WasHealthy = true
			if d := t.deployment(); d != nil && !s.Spec.Breaker.KeepCount {
				d.Failed = 0
			}
		case t.good() && t.LastStatus == running && !e.now.Before(t.graceEnds()):
			e.condemn(t)
		}
	}
}

// graceEnds returns from when on failing health checks count.
func (t *Task) graceEnds() time.Time { return t.StartedAt.Add(t.service.Spec.Grace) }

// condemn marks a task whose health checks fail.
func (e *Engine) condemn(t *Task) {
	switch target := t.failing(); {
	case target != nil:
		t.state.Condemned = "Task failed ELB health checks in (target-group " + target.Group + ")"
		e.sayUnhealthyTarget(t, target)
	case t.Health == unhealthy:
		t.state.Condemned = "Task failed container health checks"
		e.say(t.service, "(task "+taskID(t)+") failed container health checks.")
	default:
		return
	}
	if d := t.deployment(); d != nil {
		d.fail()
	}
}

// failing returns a target of the task that its group calls unhealthy, or nil.
func (t *Task) failing() *targetState {
	for i := range t.state.Targets {
		if t.state.Targets[i].State == targetUnhealthy {
			return &t.state.Targets[i]
		}
	}
	return nil
}

// ailing tells whether the task would be condemned but for its grace period.
func (t *Task) ailing() bool {
	return t.good() && t.LastStatus == running && (t.failing() != nil || t.Health == unhealthy)
}

// judge fails the primary deployment once its failures reach the breaker's threshold.
// It is the latest desired count and configuration that decide.
func (e *Engine) judge(s *Service) {
	if !e.tripped(s) {
		return
	}
	d := s.primary()
	r := s.History[0]
	r.Breaker = BreakerState{Failures: d.Failed, Threshold: s.Spec.Breaker.threshold(e.desired(s)), Status: triggered}
	e.fail(s, verdictOf{
		event:  "deployment failed: tasks failed to start.",
		reason: "ECS deployment circuit breaker: tasks failed to start.",
		status: "Service deployment rolled back because the circuit breaker threshold was exceeded.",
		back:   s.Spec.Breaker.Rollback,
		prefix: "ECS deployment circuit breaker: ",
	})
}

// tripped tells whether the breaker is to fail the primary deployment.
func (e *Engine) tripped(s *Service) bool {
	d := s.primary()
	return s.Spec.Breaker.Enable && d.RolloutState == inProgress && d.state.Begun &&
		d.Failed >= s.Spec.Breaker.threshold(e.desired(s))
}
