package rollout

import "slices"

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

// mayStop tells whether the lower bound allows a task to be stopped.
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
