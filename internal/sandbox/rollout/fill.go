package rollout

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
