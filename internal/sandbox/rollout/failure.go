package rollout

import (
	"slices"
	"time"
)

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

// ailing reports whether the task would be condemned but for its grace period.
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
	e.fail(s, failure{
		event:  "deployment failed: tasks failed to start.",
		reason: "ECS deployment circuit breaker: tasks failed to start.",
		status: "Service deployment rolled back because the circuit breaker threshold was exceeded.",
		back:   s.Spec.Breaker.Rollback,
		prefix: "ECS deployment circuit breaker: ",
	})
}

// tripped reports whether the breaker is to fail the primary deployment.
func (e *Engine) tripped(s *Service) bool {
	d := s.primary()
	return s.Spec.Breaker.Enable && d.RolloutState == inProgress && d.state.Begun &&
		d.Failed >= s.Spec.Breaker.threshold(e.desired(s))
}

const inAlarm = "ALARM"

// beginAlarms decides whether alarms can fail a deployment: they are on, and none is
// in ALARM as it begins.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
func (e *Engine) beginAlarms(s *Service, d *Deployment) {
	d.state.AlarmsOff = !s.Spec.Alarms.Enable || len(e.ringing(s)) > 0
	if d.state.AlarmsOff && s.History[0].Alarms.Status == monitoring {
		s.History[0].Alarms.Status = disabled
	}
	d.state.AlarmsAt = e.now.Add(e.options.Timings.AlarmPoll)
}

func (e *Engine) ringing(s *Service) []string {
	var names []string
	for _, name := range s.Spec.Alarms.Names {
		if e.world.AlarmState(name) == inAlarm {
			names = append(names, name)
		}
	}
	return names
}

// watched reports whether alarms can fail the deployment now.
func (s *Service) watched(d *Deployment) bool {
	return s.Spec.Alarms.Enable && d.state.Begun && !d.state.AlarmsOff && d.RolloutState == inProgress
}

// watchAlarms looks at the alarms when it is time to.
func (e *Engine) watchAlarms(s *Service) {
	d := s.primary()
	if !s.watched(d) || e.now.Before(d.state.AlarmsAt) {
		return
	}
	d.state.AlarmsAt = e.now.Add(e.options.Timings.AlarmPoll)
	ringing := e.ringing(s)
	if len(ringing) == 0 {
		return
	}
	alarms := &s.History[0].Alarms
	alarms.Triggered, alarms.Status = ringing, triggered
	e.fail(s, failure{
		event:  "deployment failed: alarm detected.",
		reason: "ECS deployment failed: alarm detected.",
		status: "Service deployment rolled back because a CloudWatch alarm was detected.",
		back:   s.Spec.Alarms.Rollback,
		prefix: "ECS deployment alarms: ",
	})
}

// baked reports whether the time in which alarms can fail a deployment that is complete
// otherwise is over. It begins at the first call.
func (e *Engine) baked(s *Service, d *Deployment) bool {
	if d.native() || !s.watched(d) { // a native strategy has a stage for it
		return true
	}
	if d.state.BakedAt.IsZero() {
		d.state.BakedAt = e.now.Add(e.bakeTime(s))
		s.History[0].LifecycleStage = stageBake
	}
	return !e.now.Before(d.state.BakedAt)
}

func (e *Engine) bakeTime(s *Service) time.Duration {
	if s.Spec.BakeTime > 0 {
		return s.Spec.BakeTime
	}
	return e.options.Timings.Bake
}

// failure is how a deployment failed, in the words of each place that says it.
type failure struct {
	event  string // the service's event, after the deployment's id
	reason string // the rollout state's reason
	status string // the service deployment's reason once it is rolled back
	back   bool   // whether it is rolled back
	prefix string // of the rollout state's reason of what it is rolled back to
}

// noCandidate is the reason of a rollback that finds nothing to go back to.
const noCandidate = "No rollback candidate was found to run the rollback"

// fail ends the primary deployment: it starts no more tasks. Then the service goes
// back to the deployment that COMPLETED last, if it is to and there is one.
func (e *Engine) fail(s *Service, v failure) {
	d, r := s.primary(), s.History[0]
	e.conclude(s, d, failed, v.reason)
	e.say(s, "(deployment "+d.ID+") "+v.event)
	switch back := s.state.Completed; {
	case d.state.Rollback:
		r.enter(e.now, rollbackFailed, noCandidate)
	case v.back && back != nil:
		e.rollBack(s, back, v)
	case v.back:
		r.enter(e.now, stopped, noCandidate)
	default:
		r.enter(e.now, stopped, "")
	}
}

// rollBack makes a deployment that COMPLETED before PRIMARY again, under its own id
// and with the digests that its revision resolved. It is no candidate for another
// rollback until it has COMPLETED once more.
// https://github.com/aws/copilot-cli/issues/4838
func (e *Engine) rollBack(s *Service, back *Deployment, v failure) {
	d, r := s.primary(), s.History[0]
	e.say(s, "rolling back to deployment "+back.ID+".")
	d.Status, d.Desired = active, 0
	s.Deployments = slices.DeleteFunc(s.Deployments, func(o *Deployment) bool { return o == back })
	s.Deployments = append([]*Deployment{back}, s.Deployments...)
	s.state.Completed = nil
	back.Status, back.Desired, back.Failed = primary, e.desired(s), 0
	back.state = deploymentState{
		Begun: true, Rollback: true, AlarmsOff: true, NotDone: e.now.Add(e.options.Timings.Rollback),
	}
	e.conclude(s, back, inProgress, v.prefix+"rolling back to deploymentId "+back.ID+".")
	if r.Traffic != nil {
		r.Traffic = &Traffic{}
	}
	s.restoreRevision(s.revision(back.RevisionARN))
	r.enter(e.now, rollbackInProgress, v.status)
	r.Rollback = &Rollback{Reason: v.status, RevisionARN: back.RevisionARN, StartedAt: e.now}
}

// obey rolls the primary deployment back because StopServiceDeployment asked for it.
func (e *Engine) obey(s *Service) {
	if s.state.StopAt.IsZero() || e.now.Before(s.state.StopAt) {
		return
	}
	s.state.StopAt = time.Time{}
	if s.primary().RolloutState != inProgress {
		return
	}
	e.fail(s, failure{
		event:  "deployment failed: a rollback was requested.",
		reason: "ECS deployment " + s.primary().ID + " was stopped: a rollback was requested.",
		status: "Service deployment rolled back because a rollback was requested.",
		back:   true,
		prefix: "ECS deployment ",
	})
}
