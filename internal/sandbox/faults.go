package sandbox

import (
	"fmt"
	"net/http"
	"path"
	"time"
)

// The kinds of fault.
const (
	faultThrottle = "throttle"
	faultError    = "error"
	faultReset    = "reset"
	faultLatency  = "latency"
)

// Fault orders that calls go wrong.
type Fault struct {
	Operation string  `json:"operation"` // a name, or a glob: "ecs.DescribeServices", "ecs.*", "*"
	Kind      string  `json:"kind"`      // throttle, error, reset or latency
	Rate      float64 `json:"rate"`      // the part of the calls that it hits; 0 means all
	Count     int     `json:"count"`     // how many calls it hits before it is over; 0 means no end
	Latency   string  `json:"latency"`   // how long calls wait, by the client's clock: "5s"
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
	case f.Kind != faultThrottle && f.Kind != faultError && f.Kind != faultReset && f.Kind != faultLatency:
		return fmt.Errorf("kind %q is not throttle, error, reset or latency", f.Kind)
	case f.Rate < 0 || f.Rate > 1:
		return fmt.Errorf("rate %v is not between 0 and 1", f.Rate)
	case f.Count < 0:
		return fmt.Errorf("count %d is negative", f.Count)
	case f.Status < 400 || f.Status > 599:
		return fmt.Errorf("status %d is not that of an error", f.Status)
	default:
		return nil
	}
}

// delay returns Latency as a duration. It may be left out but where it is the fault.
func (f Fault) delay() (time.Duration, error) {
	if f.Latency == "" && f.Kind != faultLatency {
		return 0, nil
	}
	d, err := time.ParseDuration(f.Latency)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("latency %q is not a duration such as 5s", f.Latency)
	}
	return d, nil
}
