package rollout

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

// giveUp stops those tasks of a deployment that unwanted tells and the lower bound
// allows, and that are not protected. unwanted is asked before each stop, as every stop changes the counts.
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
