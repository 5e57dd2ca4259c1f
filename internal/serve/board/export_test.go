package board

import (
	"time"

	"github.com/tagboat/tagboat"
)

// Seen is what a look saw, for tests.
type Seen struct {
	Asked    []tagboat.EnvName
	Document tagboat.StatusDocument
	Failure  *tagboat.ErrorDetail
	Unfrozen bool
	At       time.Time
}

// After returns the state and the events after looks, in their order.
func After(order []tagboat.EnvName, looks ...Seen) (*State, []Event) {
	s, events := &State{Readings: map[tagboat.EnvName]Reading{}}, []Event(nil)
	for _, l := range looks {
		next := s.with(answer{asked: l.Asked, document: l.Document, failure: l.Failure, unfrozen: l.Unfrozen, end: l.At}, order)
		events = diff(s, &next, order)
		s = &next
	}
	return s, events
}

// Visit is how an environment was looked at, for tests.
type Visit struct {
	Took, Sweep              time.Duration
	Nudged, Rolling, Watched bool
	Failures, Slow           int
}

// Pause returns how long after a look of some time the next one is due.
func (v Visit) Pause() time.Duration {
	end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	its := visit{began: end.Add(-v.Took), end: end, nudged: v.Nudged, rolling: v.Rolling, failures: v.Failures, slow: v.Slow}
	return its.due(v.Watched, v.Sweep).Sub(end)
}

// Slowness returns how often a pause is doubled after looks that were throttled or not.
func Slowness(throttled ...bool) int {
	var v visit
	for _, t := range throttled {
		v.ended(answer{throttled: t}, false, false)
	}
	return v.slow
}
