package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/events"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// The kinds of fault.
const (
	faultThrottle = "throttle"
	faultError    = "error"
	faultReset    = "reset"
	faultLatency  = "latency"
	faultStale    = "stale"

	// These meet events, and not calls.
	faultLate    = "late"
	faultDoubled = "doubled"
	faultDropped = "dropped"
)

// eventPrefix begins the operation of a fault that meets events; their detail type follows.
const eventPrefix = "event."

// forEvents reports whether a kind of fault meets events.
func forEvents(kind string) bool {
	return kind == faultLate || kind == faultDoubled || kind == faultDropped
}

// Fault orders that calls go wrong.
type Fault struct {
	Operation string  `json:"operation"` // a name, or a glob: "ecs.DescribeServices", "ecs.*", "*"; "event.ECR *"
	Kind      string  `json:"kind"`      // throttle, error, reset, latency or stale; of events late, doubled or dropped
	Rate      float64 `json:"rate"`      // the part of the calls that it hits; 0 means all
	Count     int     `json:"count"`     // how many calls it hits before it is over; 0 means no end
	Latency   string  `json:"latency"`   // how long calls wait, by the client's clock, or events, by the sandbox's: "5s"
	Age       string  `json:"age"`       // how old a stale answer is, by the sandbox's clock: "30s"
	Code      string  `json:"code"`      // of an error; "" means InternalFailure
	Status    int     `json:"status"`    // of an error; 0 means 500
	// After says that the call takes effect and only its answer is lost. Left out, it
	// is true for every other reset and false for errors.
	After *bool  `json:"after"`
	Seed  uint64 `json:"seed"` // of the dice that Rate throws; the same calls meet the same faults
	Hits  int    `json:"hits"` // how many calls it has hit
}

// withDefaults returns f as it will be listed.
func (f Fault) withDefaults() Fault {
	if f.Rate == 0 {
		f.Rate = 1
	}
	if f.Status == 0 {
		f.Status = http.StatusInternalServerError
	}
	if f.Code == "" {
		f.Code = "InternalFailure"
	}
	f.Hits = 0
	return f
}

// check refuses what makes no sense.
func (f Fault) check() error {
	_, badGlob := path.Match(f.Operation, "")
	switch {
	case f.Operation == "":
		return fmt.Errorf("operation is missing: it is a name or a glob such as ecs.*")
	case badGlob != nil:
		return fmt.Errorf("operation %q is not a glob: %w", f.Operation, badGlob)
	case forEvents(f.Kind) != strings.HasPrefix(f.Operation, eventPrefix):
		return fmt.Errorf("kind %q and operation %q do not fit: late, doubled and dropped are of events, such as %sECR*", f.Kind, f.Operation, eventPrefix)
	case !slices.Contains([]string{faultThrottle, faultError, faultReset, faultLatency, faultStale, faultLate, faultDoubled, faultDropped}, f.Kind):
		return fmt.Errorf("kind %q is not throttle, error, reset, latency or stale, nor late, doubled or dropped", f.Kind)
	case f.Kind == faultStale && f.Operation != "ecs.DescribeServices":
		return fmt.Errorf("only ecs.DescribeServices can be stale, not %q", f.Operation)
	case f.Rate < 0 || f.Rate > 1:
		return fmt.Errorf("rate %v is not between 0 and 1", f.Rate)
	case f.Count < 0:
		return fmt.Errorf("count %d is negative", f.Count)
	case f.Status < 400 || f.Status > 599:
		return fmt.Errorf("status %d is not an error status", f.Status)
	default:
		return nil
	}
}

// delay returns Latency as a duration. It may be left out but where it is the fault.
func (f Fault) delay() (time.Duration, error) {
	if f.Latency == "" && f.Kind != faultLatency && f.Kind != faultLate {
		return 0, nil
	}
	d, err := time.ParseDuration(f.Latency)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("latency %q is not a duration such as 5s", f.Latency)
	}
	return d, nil
}

// age returns Age as a duration. Only what is stale has one.
func (f Fault) age() (time.Duration, error) {
	if f.Kind != faultStale {
		return 0, nil
	}
	d, err := time.ParseDuration(f.Age)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("age %q is not a duration such as 30s", f.Age)
	}
	return d, nil
}

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

// faultList is the faults in force. It is safe for concurrent use.
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

// strike returns what happens to a call: latency adds up, and of the rest the first
// fault that is due hits.
func (l *faultList) strike(operation string) hit {
	l.mu.Lock()
	defer l.mu.Unlock()
	var h hit
	for _, f := range l.faults {
		if forEvents(f.Kind) || h.kind != "" && f.Kind != faultLatency || !f.due(operation) {
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

// disturb returns what happens to the delivery of an event: all faults that are due.
func (l *faultList) disturb(detailType string) events.Disturbance {
	l.mu.Lock()
	defer l.mu.Unlock()
	var d events.Disturbance
	for _, f := range l.faults {
		if !forEvents(f.Kind) || !f.due(eventPrefix+detailType) {
			continue
		}
		f.Hits++
		switch f.Kind {
		case faultLate:
			d.Delay += f.delay
		case faultDoubled:
			d.Copies++
		case faultDropped:
			d.Drop = true
		}
	}
	return d
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
