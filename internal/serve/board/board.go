// Package board has what everybody sees: the matrix as it was seen last, and each change as an event with a
// number:
//
//	Nudge, a viewer, the clock ──▶ which environments are due ──▶ Look ──▶ merge ──▶ State
//	                                                                       └──▶ diff ──▶ events
//
// One process looks for all of its viewers, so that more viewers cost no more calls. While there are none,
// and no event, only the slow sweep calls AWS.
package board

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
)

// Options say what a board shows.
type Options struct {
	Config       *config.Config
	Environments []config.Environment  // that are shown, in their order
	Services     []tagboat.ServiceName // that are shown; none for all
	// Look looks at a selection of them; what cannot be read of an environment stands in the
	// document's errors.
	Look func(context.Context, fleet.Selection) (tagboat.StatusDocument, error)
	// Sweep is how often everything is looked at where nobody asks.
	Sweep time.Duration
	Calls func(tagboat.Calls) // hears what each look cost; nil for nobody
}

// Board shows the matrix. It is safe for concurrent use.
type Board struct {
	options Options
	order   []tagboat.EnvName
	boot    string

	mu       sync.Mutex
	seen     *State        // what was looked at; Run alone replaces it
	state    *State        // the same with what is foreseen: what everybody sees
	ring     []Event       // the event with the number n is at n modulo its length
	more     chan struct{} // closed when there is another event
	looked   chan struct{} // closed when something was looked at
	running  bool
	closed   bool
	viewers  int
	nudged   map[tagboat.EnvName]bool
	wanted   map[tagboat.EnvName]bool
	foreseen map[tagboat.EnvName]Foreseen
	// happened has when something happened in environments that were not looked at since.
	happened map[tagboat.EnvName]time.Time
	wake     chan struct{} // has one element when there is something to think about
}

// kept is how many events are kept for subscribers that read slowly or come back.
const kept = 4096

// New returns a board that has seen nothing yet.
func New(o Options) *Board {
	b := &Board{
		options: o, boot: rand.Text()[:8], ring: make([]Event, kept), more: make(chan struct{}), looked: make(chan struct{}),
		nudged: map[tagboat.EnvName]bool{}, wanted: map[tagboat.EnvName]bool{}, happened: map[tagboat.EnvName]time.Time{}, foreseen: map[tagboat.EnvName]Foreseen{}, wake: make(chan struct{}, 1),
	}
	b.state = &State{Document: tagboat.StatusDocument{Services: []tagboat.ServiceStatus{}}, Readings: map[tagboat.EnvName]Reading{}}
	for _, env := range o.Environments {
		b.state.Readings[env.Name] = Reading{}
		b.order = append(b.order, env.Name)
	}
	b.seen = b.state
	return b
}

// Boot names this run of the board: the numbers of events mean nothing to another.
func (b *Board) Boot() string { return b.boot }

// Now returns what was seen last. It makes no call.
func (b *Board) Now() *State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// Fresh returns a state no older than within that has whatever happened, for callers that do not subscribe.
// It has older environments looked at, and waits for them until ctx ends, as a viewer. It does not wait for
// an environment that cannot be read, nor for any while the board does not run.
func (b *Board) Fresh(ctx context.Context, within time.Duration) *State {
	since := time.Now().Add(-within)
	s, looked, old := b.older(since)
	if len(old) == 0 {
		return s
	}
	defer b.Subscribe(s.ID).Close()
	b.want(old)
	for len(old) > 0 {
		select {
		case <-looked:
		case <-ctx.Done():
			return b.Now()
		}
		s, looked, old = b.older(since)
	}
	return s
}

// want has environments looked at soon, unless that is under way.
func (b *Board) want(environments []tagboat.EnvName) {
	b.mu.Lock()
	for _, env := range environments {
		b.wanted[env] = true
	}
	b.mu.Unlock()
	b.awake()
}

// older returns what was seen, what is closed at the next look, and which environments were not seen
// since a time or since something happened there.
func (b *Board) older(since time.Time) (s *State, looked <-chan struct{}, old []tagboat.EnvName) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, env := range b.order {
		r, happened := b.state.Readings[env], b.happened[env]
		if b.running && r.Failure == nil && (r.Tried.Before(since) || !happened.IsZero()) {
			old = append(old, env)
		}
	}
	return b.state, b.looked, old
}

// Subscribe returns a subscription to the events after the one with that number: that of a State that
// the subscriber has. The subscriber counts as a viewer until it closes the subscription.
func (b *Board) Subscribe(after uint64) *Subscription {
	b.mu.Lock()
	b.viewers++
	b.mu.Unlock()
	b.awake()
	return &Subscription{b, after}
}

func (b *Board) left() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.viewers--
}

// Nudge has environments looked at soon, since something may have changed there; all of them where
// none is named. It returns at once.
func (b *Board) Nudge(environments ...tagboat.EnvName) {
	if len(environments) == 0 {
		environments = b.order
	}
	b.mu.Lock()
	for _, env := range environments {
		b.nudged[env], b.happened[env] = true, time.Now()
	}
	b.mu.Unlock()
	b.awake()
}

// Operate reports to subscribers that an operation proceeded or ended.
func (b *Board) Operate(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.publish(*b.state, []Event{{Kind: Operation, Operation: id}})
}

// show makes what was looked at what everybody sees, and returns what changed.
func (b *Board) show(a answer) []Event {
	seen := b.seen.with(a, b.order)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = &seen
	is := seen.foresees(b.foreseen)
	events := diff(b.state, &is, b.order)
	b.publish(is, events)
	for _, env := range a.asked {
		if !b.happened[env].After(a.began) {
			delete(b.happened, env)
		}
	}
	close(b.looked)
	b.looked = make(chan struct{})
	return events
}

// asked returns which environments were nudged and wanted since the last call, and whether somebody
// watches.
func (b *Board) asked() (nudged, wanted map[tagboat.EnvName]bool, watched bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	nudged, b.nudged = b.nudged, map[tagboat.EnvName]bool{}
	wanted, b.wanted = b.wanted, map[tagboat.EnvName]bool{}
	return nudged, wanted, b.viewers > 0
}

// close ends all subscriptions.
func (b *Board) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running, b.closed = false, true
	close(b.more)
}

// awake has Run think again.
func (b *Board) awake() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// publish numbers events and makes them, and the state that they lead to, what everybody sees. The
// caller holds the lock.
func (b *Board) publish(s State, events []Event) {
	s.ID = b.state.ID
	for _, e := range events {
		s.ID++
		e.ID, e.At, e.shared = s.ID, time.Now(), &shared{}
		b.ring[e.ID%kept] = e
	}
	b.state = &s
	if len(events) > 0 && !b.closed {
		close(b.more)
		b.more = make(chan struct{})
	}
}

// since returns the events after a number, and what is closed when there are more; nil where there
// will be none.
func (b *Board) since(after uint64) ([]Event, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch last := b.state.ID; {
	case b.closed:
		return nil, nil
	case after > last || last-after > kept:
		return []Event{{ID: last, Kind: Reset, At: time.Now()}}, b.more
	default:
		return b.between(after, last), b.more
	}
}

// between returns the last events about each thing, in their order.
func (b *Board) between(after, last uint64) []Event {
	newest := map[key]uint64{}
	for id := after + 1; id <= last; id++ {
		newest[b.ring[id%kept].key()] = id
	}
	events := make([]Event, 0, len(newest))
	for id := after + 1; id <= last; id++ {
		if e := b.ring[id%kept]; newest[e.key()] == id {
			events = append(events, e)
		}
	}
	return events
}
