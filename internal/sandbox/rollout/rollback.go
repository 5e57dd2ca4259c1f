package rollout

import (
	"slices"
	"time"
)

// verdictOf is how a deployment failed, in the words of each place that says it.
type verdictOf struct {
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
func (e *Engine) fail(s *Service, v verdictOf) {
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
func (e *Engine) rollBack(s *Service, back *Deployment, v verdictOf) {
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
	e.fail(s, verdictOf{
		event:  "deployment failed: a rollback was requested.",
		reason: "ECS deployment " + s.primary().ID + " was stopped: a rollback was requested.",
		status: "Service deployment rolled back because a rollback was requested.",
		back:   true,
		prefix: "ECS deployment ",
	})
}
