package board

import (
	"sync"
	"time"

	"github.com/tagboat/tagboat"
)

// Kind is what an event says.
type Kind string

// The kinds of events.
const (
	Service     Kind = "service"     // a cell of the matrix changed
	Environment Kind = "environment" // what an environment has of releases changed
	Frozen      Kind = "frozen"      // the freeze of everything began, changed or ended
	Error       Kind = "error"       // an environment can no longer be read, or can be again
	Operation   Kind = "operation"   // something that a person began went on, or ended
	Reset       Kind = "reset"       // events before this one are gone: load everything anew
)

// Event is one change. What it carries does not change, and is shared by all subscribers.
type Event struct {
	ID          uint64              `json:"id"`
	Kind        Kind                `json:"kind"`
	At          time.Time           `json:"at"` // when this process saw it
	Environment tagboat.EnvName     `json:"environment,omitempty"`
	Service     tagboat.ServiceName `json:"service,omitempty"`
	Operation   string              `json:"operation,omitempty"` // its id

	// Status is how a service stands now, Standing what an environment has of releases, and Hold the
	// freeze of everything; nil where there is none any more.
	Status   *tagboat.ServiceStatus     `json:"status,omitempty"`
	Standing *tagboat.EnvironmentStatus `json:"standing,omitempty"`
	Hold     *tagboat.Hold              `json:"hold,omitempty"`
	// Failure is why an environment cannot be read; nil where it can be again.
	Failure *tagboat.ErrorDetail `json:"failure,omitempty"`

	shared *shared
}

// key is what an event is about: of two with the same key, the later one says it all.
type key struct {
	kind        Kind
	environment tagboat.EnvName
	service     tagboat.ServiceName
	operation   string
}

func (e Event) key() key { return key{e.Kind, e.Environment, e.Service, e.Operation} }

// Shared returns what render makes of the event. It is made once for each name, for all subscribers:
// with hundreds of streams, making it is what would cost.
func (e Event) Shared(name string, render func() []byte) []byte {
	if e.shared == nil { // of one subscriber alone
		return render()
	}
	return e.shared.text(name, render)
}

// shared is what was made of an event.
type shared struct {
	mu   sync.Mutex
	made map[string][]byte
}

func (s *shared) text(name string, render func() []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, ok := s.made[name]
	if !ok {
		if s.made == nil {
			s.made = map[string][]byte{}
		}
		text = render()
		s.made[name] = text
	}
	return text
}
