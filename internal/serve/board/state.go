package board

import (
	"time"

	"github.com/tagboat/tagboat"
)

// State is the matrix as it was seen last. It does not change: what is seen next is another State.
type State struct {
	// ID is that of the last event that is in it; Subscribe goes on from there.
	ID uint64
	// At is when something was looked at last; the zero time before anything was.
	At time.Time
	// Document is as status prints it, in the order of the configuration. Of an environment that
	// cannot be read it has what was seen before, beside the error.
	Document tagboat.StatusDocument
	// Readings say of each environment in scope how it was read.
	Readings map[tagboat.EnvName]Reading

	cells map[cell]int // into Document.Services
}

// Reading is how an environment was read last.
type Reading struct {
	Tried   time.Time            // when it was looked at last; the zero time for never
	Read    time.Time            // when that worked last; the zero time for never
	Stale   time.Time            // since when it cannot be read; the zero time where it can
	Failure *tagboat.ErrorDetail // why; nil where it can
}

// cell names one cell of the matrix.
type cell struct {
	environment tagboat.EnvName
	service     tagboat.ServiceName
}

// Cell returns how a service stands in an environment, and whether that is known.
func (s *State) Cell(env tagboat.EnvName, service tagboat.ServiceName) (tagboat.ServiceStatus, bool) {
	i, ok := s.cells[cell{env, service}]
	if !ok {
		return tagboat.ServiceStatus{}, false
	}
	return s.Document.Services[i], true
}

// Standing returns what an environment has of releases, and whether that is known.
func (s *State) Standing(env tagboat.EnvName) (tagboat.EnvironmentStatus, bool) {
	for _, e := range s.Document.Environments {
		if e.Environment == env {
			return e, true
		}
	}
	return tagboat.EnvironmentStatus{}, false
}
