package board

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/delivery"
)

// answer is what one look at some environments came to.
type answer struct {
	asked      []tagboat.EnvName
	document   tagboat.StatusDocument
	failure    *tagboat.ErrorDetail // why nothing of it can be read; nil where something can
	unfrozen   bool                 // whether everything is frozen is not known
	throttled  bool
	began, end time.Time
}

// failures returns why environments that were asked for cannot be read.
func (a answer) failures() map[tagboat.EnvName]*tagboat.ErrorDetail {
	failures := map[tagboat.EnvName]*tagboat.ErrorDetail{}
	for _, e := range slices.Backward(a.document.Errors) { // the first one counts
		failures[e.Environment] = &e.ErrorDetail
	}
	for _, env := range a.asked {
		if a.failure != nil {
			failures[env] = a.failure
		}
	}
	return failures
}

// with returns the state once an answer is in it, of environments in their order. What the answer
// could not read stays as it was.
func (s *State) with(a answer, order []tagboat.EnvName) State {
	failures := a.failures()
	next := State{
		ID: s.ID, At: a.end, Readings: maps.Clone(s.Readings),
		Document: tagboat.StatusDocument{Services: []tagboat.ServiceStatus{}, Frozen: s.Document.Frozen},
	}
	for _, env := range order {
		from, asked := s.Document, slices.Contains(a.asked, env)
		failure := failures[env]
		if asked {
			next.Readings[env] = s.Readings[env].after(a.end, failure)
		}
		has := func(d tagboat.StatusDocument) bool {
			return slices.ContainsFunc(d.Services, func(s tagboat.ServiceStatus) bool { return s.Environment == env })
		}
		if asked && (failure == nil || has(a.document)) {
			from = a.document
		}
		next.Document.Services = append(next.Document.Services, servicesOf(from, env)...)
		next.Document.Environments = append(next.Document.Environments, standingsOf(from, env)...)
		if failure := next.Readings[env].Failure; failure != nil {
			next.Document.Errors = append(next.Document.Errors, tagboat.EnvironmentError{Environment: env, ErrorDetail: *failure})
		}
	}
	if len(a.document.Environments) > 0 && !a.unfrozen { // else nobody looked
		next.Document.Frozen = a.document.Frozen
	}
	delivery.NameRunning(next.Document.Services)
	next.cells = map[cell]int{}
	for i, s := range next.Document.Services {
		next.cells[cell{s.Environment, s.Service}] = i
	}
	return next
}

// after returns the reading that follows r.
func (r Reading) after(at time.Time, failure *tagboat.ErrorDetail) Reading {
	switch {
	case failure == nil:
		return Reading{Tried: at, Read: at}
	case r.Stale.IsZero():
		r.Stale = at
	}
	r.Tried, r.Failure = at, failure
	return r
}

// servicesOf returns the services of an environment, which the caller may change.
func servicesOf(d tagboat.StatusDocument, env tagboat.EnvName) []tagboat.ServiceStatus {
	var all []tagboat.ServiceStatus
	for _, s := range d.Services {
		if s.Environment == env {
			s.Images = slices.Clone(s.Images)
			all = append(all, s)
		}
	}
	return all
}

func standingsOf(d tagboat.StatusDocument, env tagboat.EnvName) []tagboat.EnvironmentStatus {
	var all []tagboat.EnvironmentStatus
	for _, e := range d.Environments {
		if e.Environment == env {
			all = append(all, e)
		}
	}
	return all
}

// diff returns what changed from one state to the next, in the order of the environments. That time
// has passed is no change.
func diff(was, is *State, order []tagboat.EnvName) []Event {
	var events []Event
	for _, env := range order {
		before, after := was.Readings[env].Failure, is.Readings[env].Failure
		if !reflect.DeepEqual(before, after) {
			events = append(events, Event{Kind: Error, Environment: env, Failure: after})
		}
		events = append(events, was.changedServices(is, env)...)
		standing, had := was.Standing(env)
		now, has := is.Standing(env)
		if had != has || !reflect.DeepEqual(standing, now) {
			e := Event{Kind: Environment, Environment: env}
			if has {
				e.Standing = &now
			}
			events = append(events, e)
		}
	}
	if !reflect.DeepEqual(was.Document.Frozen, is.Document.Frozen) {
		events = append(events, Event{Kind: Frozen, Hold: is.Document.Frozen})
	}
	return events
}

func (s *State) changedServices(is *State, env tagboat.EnvName) []Event {
	var events []Event
	for _, now := range is.Document.Services {
		if now.Environment != env {
			continue
		}
		if before, known := s.Cell(env, now.Service); !known || !equal(before, now) {
			events = append(events, Event{Kind: Service, Environment: env, Service: now.Service, Status: &now})
		}
	}
	for _, before := range s.Document.Services {
		if before.Environment != env {
			continue
		}
		if _, still := is.Cell(env, before.Service); !still {
			events = append(events, Event{Kind: Service, Environment: env, Service: before.Service})
		}
	}
	return events
}

// equal reports whether a service stands as it did.
func equal(a, b tagboat.ServiceStatus) bool {
	a.AgeSeconds, b.AgeSeconds = 0, 0
	return reflect.DeepEqual(a, b)
}
