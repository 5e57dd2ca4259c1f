package rollout

import "time"

// Engine is the scheduler. One goroutine at a time may use it. Every call that takes
// the time first does what is due by then; a time earlier than the last one counts as
// the last one.
//
// The state after a call depends on the seed, the calls, their times and what World and
// Runtime answered, and on nothing else: neither on how often Advance was called between them
// nor on whether the engine was saved and restored.
type Engine struct {
	world      World
	runtime    Runtime
	options    Options
	now        time.Time
	ids        ids
	queue      queue
	services   map[string]*Service  // by ARN
	tasks      map[string]*Task     // by ARN
	specs      map[string]*TaskSpec // by ARN, all that were ever used
	instances  []*Instance          // in order of registration
	hindrances []Hindrance
	roster     uint64 // counts the changes of which services there are
}

// New returns an engine without services, whose containers a runtime runs.
func New(world World, runtime Runtime, options Options) *Engine {
	return &Engine{
		world:    world,
		runtime:  runtime,
		options:  options.withDefaults(),
		ids:      ids{Seed: options.Seed},
		services: map[string]*Service{},
		tasks:    map[string]*Task{},
		specs:    map[string]*TaskSpec{},
	}
}

// Advance does everything that is due by now, in order of time. It costs what
// changes, not what exists.
func (e *Engine) Advance(now time.Time) {
	for len(e.queue) > 0 && !e.queue[0].at.After(now) {
		d := e.queue[0]
		e.now = d.at
		if d.task != nil {
			e.step(d.task)
		} else {
			e.reconcile(d.service)
		}
	}
	e.begin(now)
}

// begin sets the engine's time, which never goes back. Times lose the wall clock's
// monotonic reading and their zone, so that a restored state equals the saved one.
func (e *Engine) begin(now time.Time) {
	if now = now.Round(0).UTC(); now.After(e.now) {
		e.now = now
	}
}

// Roster returns a number that is another one once a service came or became INACTIVE.
func (e *Engine) Roster() uint64 { return e.roster }

// Next returns when Advance next has something to do; false if never.
func (e *Engine) Next() (time.Time, bool) {
	if len(e.queue) == 0 {
		return time.Time{}, false
	}
	return e.queue[0].at, true
}

// wake has a service look at its tasks once all that happens at this instant did.
func (e *Engine) wake(s *Service) { e.queue.hasten(&s.due, e.now) }

// adopt returns the one TaskSpec that stands for its ARN.
func (e *Engine) adopt(spec *TaskSpec) *TaskSpec {
	if spec == nil { // a service with an external controller may have none
		return nil
	}
	if known := e.specs[spec.ARN]; known != nil {
		return known
	}
	e.specs[spec.ARN] = spec
	return spec
}

func (t Timings) backoff(failures int) time.Duration {
	d := t.Backoff
	for ; failures > 1 && d < t.BackoffMax; failures-- {
		d *= 2
	}
	return min(d, t.BackoffMax)
}
