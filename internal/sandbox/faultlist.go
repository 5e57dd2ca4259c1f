package sandbox

import (
	"math/rand/v2"
	"path"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// hit is what a fault does to one call. The zero value does nothing.
type hit struct {
	kind    string
	latency time.Duration
	age     time.Duration // of the state that is answered
	after   bool
	err     *wire.Error
}

type orderedFault struct {
	Fault
	delay time.Duration
	old   time.Duration
	dice  *rand.Rand
}

// faultList is the faults in force. It may be used concurrently.
type faultList struct {
	mu     sync.Mutex
	faults []*orderedFault
}

func (l *faultList) order(f Fault) error {
	f = f.withDefaults()
	if err := f.check(); err != nil {
		return err
	}
	delay, err := f.delay()
	if err != nil {
		return err
	}
	old, err := f.age()
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, &orderedFault{Fault: f, delay: delay, old: old, dice: rand.New(rand.NewPCG(f.Seed, 0))})
	return nil
}

func (l *faultList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = nil
}

func (l *faultList) list() []Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	faults := make([]Fault, 0, len(l.faults))
	for _, f := range l.faults {
		faults = append(faults, f.Fault)
	}
	return faults
}

// strike tells what happens to a call: latency adds up, and of the rest the first
// fault that is due hits.
func (l *faultList) strike(operation string) hit {
	l.mu.Lock()
	defer l.mu.Unlock()
	var h hit
	for _, f := range l.faults {
		if h.kind != "" && f.Kind != faultLatency || !f.due(operation) {
			continue
		}
		f.Hits++
		h.latency += f.delay
		if f.Kind != faultLatency {
			h.kind, h.age = f.Kind, f.old
			h.after = f.lateStrike()
			h.err = &wire.Error{Code: f.Code, Message: "a fault that was ordered from the sandbox", Status: f.Status}
		}
	}
	return h
}

func (f *orderedFault) due(operation string) bool {
	if f.Count > 0 && f.Hits >= f.Count {
		return false
	}
	matches, _ := path.Match(f.Operation, operation) // checked when it was ordered
	return matches && f.dice.Float64() < f.Rate
}

func (f *orderedFault) lateStrike() bool {
	switch {
	case f.Kind == faultThrottle:
		return false
	case f.After != nil:
		return *f.After
	default:
		return f.Kind == faultReset && f.Hits%2 == 0
	}
}
