package rollout

import (
	"slices"
)

// fleet is what the scheduler sees of a service's tasks while it decides which to
// start and which to stop; its counts follow what is decided.
type fleet struct {
	service      *Service
	primary      *Deployment
	desired      int
	lower, upper int
	live         int // RUNNING or on their way
	fit          int // healthy, of all deployments
	of           map[*Deployment]*share
	ran, waiting []*Task // stopped by now, for the event
}

// share is one deployment's part of a fleet.
type share struct {
	good      int // live and not condemned
	fit       int
	condemned int
	freed     int // condemned ones stopped to make room for their replacement
}

func (e *Engine) survey(s *Service) *fleet {
	f := &fleet{service: s, desired: e.desired(s), of: make(map[*Deployment]*share, len(s.Deployments))}
	if len(s.Deployments) > 0 {
		f.primary = s.primary()
	}
	f.lower, f.upper = e.bounds(s)
	if f.primary != nil && f.primary.native() {
		f.upper = max(f.upper, 2*f.desired) // maximumPercent is for rolling updates
	}
	for _, d := range s.Deployments {
		f.of[d] = &share{}
	}
	for _, t := range s.tasks {
		f.add(t, 1)
	}
	return f
}

// add counts a task, or takes it out with n = -1.
func (f *fleet) add(t *Task, n int) {
	if !t.live() {
		return
	}
	f.live += n
	part := f.of[t.deployment()]
	if part == nil {
		part = &share{}
	}
	if !t.good() {
		part.condemned += n
		return
	}
	part.good += n
	if t.fit() {
		part.fit += n
		f.fit += n
	}
}

// older returns the deployments that are being replaced, oldest first.
func (f *fleet) older() []*Deployment {
	old := slices.Clone(f.service.Deployments[1:])
	slices.Reverse(old)
	return old
}

// tasksOf returns the live tasks of a deployment in the order in which they are given
// up: condemned ones, then those that are not healthy yet, youngest first, then
// healthy ones, oldest first.
func (f *fleet) tasksOf(d *Deployment) []*Task {
	var bad, young, fit []*Task
	for _, t := range f.service.tasks {
		switch {
		case !t.live() || t.StartedBy != d.ID:
		case !t.good():
			bad = append(bad, t)
		case !t.fit():
			young = append(young, t)
		default:
			fit = append(fit, t)
		}
	}
	slices.Reverse(young)
	return slices.Concat(bad, young, fit)
}

// mayStop reports whether the lower bound allows a task to be stopped.
func (f *fleet) mayStop(t *Task) bool { return !t.fit() || f.fit > f.lower }

// halt stops a task for the scheduler.
func (f *fleet) halt(e *Engine, t *Task) {
	if !t.live() {
		return
	}
	f.add(t, -1)
	if t.LastStatus == running {
		f.ran = append(f.ran, t)
	} else {
		f.waiting = append(f.waiting, t)
	}
	reason := t.state.Condemned
	if reason == "" {
		reason = "Scaling activity initiated by"
		if f.primary != nil {
			reason += " (deployment " + f.primary.ID + ")"
		}
	}
	e.stop(t, byScheduler, reason)
}

// makeRoom stops tasks where the upper bound leaves no room for new ones: one unhealthy
// task at a time, and of the older deployments as many as the primary needs and the
// lower bound allows.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
func (e *Engine) makeRoom(f *fleet) {
	if f.live < f.upper {
		return
	}
	e.freeUnhealthy(f)
	if f.primary.holds() {
		return
	}
	need := min(e.wanted(f, f.primary), e.options.Batch)
	for _, d := range f.older() {
		e.giveUp(f, d, func(*Task) bool {
			free := f.upper-f.live < need
			if free {
				d.Desired = max(0, d.Desired-1)
			}
			return free
		})
	}
}

// freeUnhealthy stops the oldest unhealthy task that a replacement waits for, unless one
// was stopped just before.
func (e *Engine) freeUnhealthy(f *fleet) {
	state := &f.service.state
	if e.now.Before(state.FreeNext) {
		return
	}
	for _, t := range f.service.tasks {
		d := t.deployment()
		if !t.live() || t.good() || d == nil || e.wanted(f, d) == 0 {
			continue
		}
		state.FreeNext = e.now.Add(e.options.Timings.Round)
		f.of[d].freed++
		f.halt(e, t)
		return
	}
}

// wanted returns how many tasks of a deployment should start now if there is room. An
// older deployment replaces with its own revision what is missing until the primary's
// tasks are healthy; one that did not complete starts none.
func (e *Engine) wanted(f *fleet, d *Deployment) int {
	switch {
	case !d.state.Begun, e.now.Before(d.state.NotBefore), d.RolloutState == failed:
		return 0
	case d == f.primary && d.native() && !d.scalesUp():
		return 0
	case d == f.primary:
		return max(0, f.desired-f.of[d].good)
	case d.RolloutState != completed:
		return 0
	}
	missing := f.desired
	if !f.primary.holds() {
		missing -= f.of[f.primary].fit
	}
	for _, o := range f.service.Deployments[1:] {
		missing -= f.of[o].good
	}
	return max(0, min(d.Desired-f.of[d].good, missing))
}

// fill starts tasks as the upper bound leaves room, the primary deployment's first.
func (e *Engine) fill(f *fleet) {
	e.sayStopped(f.service, f.ran, f.waiting)
	for _, d := range f.service.Deployments {
		wanted := e.wanted(f, d)
		n := max(0, min(wanted, f.upper-f.live, e.options.Batch))
		part := f.of[d]
		replaced := part.condemned + part.freed
		started := make([]*Task, 0, n)
		for range n {
			t, why := e.launchFor(f.service, d)
			if why != nil {
				e.unplaced(f.service, d, why)
				break
			}
			d.state.Unplaced = 0
			f.add(t, 1)
			started = append(started, t)
		}
		e.sayStarted(f.service, started, min(len(started), replaced))
		if len(started) == n && n > 0 && n < wanted {
			d.state.NotBefore = e.now.Add(e.options.Timings.Round)
		}
	}
	e.noteDeadlock(f)
}

// noteDeadlock says once that the bounds allow a deployment neither to start nor to
// stop a task.
func (e *Engine) noteDeadlock(f *fleet) {
	d := f.primary
	stuck := e.wanted(f, d) > 0 && f.live >= f.upper && f.live == f.fit && len(f.ran)+len(f.waiting) == 0
	if stuck && !d.state.Deadlock {
		e.say(f.service, "was unable to stop or start tasks during a deployment because of the service "+
			"deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.")
	}
	d.state.Deadlock = stuck
}

// launchFor starts a task of a deployment of a service, if there is a place for it.
func (e *Engine) launchFor(s *Service, d *Deployment) (*Task, *Unplaced) {
	r := s.revision(d.RevisionARN)
	t := &Task{
		ClusterARN: s.Spec.ClusterARN, ServiceARN: s.Spec.ARN, RevisionARN: r.ARN,
		Group: "service:" + s.Spec.Name, StartedBy: d.ID,
		LaunchType: r.LaunchType, PlatformVersion: r.PlatformVersion, CapacityProvider: s.provider(), service: s,
	}
	if why := e.place(t, r.spec, r.Places); why != nil {
		return nil, why
	}
	s.tasks = append(s.tasks, t)
	return e.launch(t, r.spec), nil
}

// release stops what the service does not want any more:
//
//   - of an older deployment that did not complete, what is not healthy;
//   - of the primary one, what is more than desired, and unhealthy tasks once as many
//     as desired are healthy, or nothing will replace them;
//   - of older ones, as many as the primary has healthy ones in their place.
func (e *Engine) release(f *fleet) {
	for _, d := range f.older() {
		if d.RolloutState != completed {
			e.giveUp(f, d, func(t *Task) bool { return !t.fit() })
			d.Desired = min(d.Desired, f.of[d].good)
		}
	}
	own := f.of[f.primary]
	e.giveUp(f, f.primary, func(t *Task) bool {
		if t.good() {
			return own.good > f.desired
		}
		return own.fit >= f.desired || f.primary.RolloutState == failed
	})
	if f.primary.holds() {
		e.releaseOlder(f, f.desired)
		return
	}
	e.releaseOlder(f, max(0, f.desired-own.fit))
}

// releaseOlder leaves at most so many tasks to the older deployments together, taking
// from the oldest first. Unhealthy ones go where their deployment has enough others.
func (e *Engine) releaseOlder(f *fleet, allowed int) {
	excess := -allowed
	for _, d := range f.older() {
		excess += f.of[d].good
	}
	for _, d := range f.older() {
		e.giveUp(f, d, func(t *Task) bool {
			if !t.good() {
				return allowed == 0 || f.of[d].fit >= d.Desired
			}
			if excess <= 0 {
				return false
			}
			if f.mayStop(t) {
				excess--
				return true
			}
			return false
		})
	}
	e.trimDesired(f, allowed)
}

// trimDesired has older deployments want no more tasks than are allowed together, the
// newest of them first.
func (e *Engine) trimDesired(f *fleet, allowed int) {
	for _, d := range f.service.Deployments[1:] {
		d.Desired = min(d.Desired, allowed)
		allowed -= d.Desired
	}
}

// giveUp stops those tasks of a deployment that are unwanted, that the lower bound
// lets go, and that are not protected. unwanted is called before each stop, as every stop changes
// the counts.
func (e *Engine) giveUp(f *fleet, d *Deployment, unwanted func(*Task) bool) {
	for _, t := range f.tasksOf(d) {
		if t.good() && t.Protected(e.now) {
			continue
		}
		if unwanted(t) && f.mayStop(t) {
			f.halt(e, t)
		}
	}
}
