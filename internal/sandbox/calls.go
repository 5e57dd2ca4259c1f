package sandbox

import (
	"strings"
	"sync"
)

type outcome int

const (
	outcomeSucceeded outcome = iota
	outcomeThrottled
	outcomeFailed // an error, or a connection that was reset
)

// Calls counts requests since the start or the last reset.
type Calls struct {
	Total     int `json:"total"`
	Throttled int `json:"throttled"`
	Failed    int `json:"failed"` // answered with another error, or not at all
	// Mutating counts those that could have changed something, whatever came of them.
	Mutating    int                       `json:"mutating"`
	ByOperation map[string]OperationCalls `json:"byOperation"` // "ecs.DescribeServices", "registry.PUT manifests"
}

// OperationCalls counts the requests of one operation.
type OperationCalls struct {
	Calls     int  `json:"calls"`
	Throttled int  `json:"throttled"`
	Failed    int  `json:"failed"`
	Mutating  bool `json:"mutating"`
}

type callLog struct {
	mu    sync.Mutex
	calls Calls
}

func newCallLog() *callLog {
	l := &callLog{}
	l.reset()
	return l
}

func (l *callLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = Calls{ByOperation: map[string]OperationCalls{}}
}

func (l *callLog) count(x exchange, o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	op := l.calls.ByOperation[x.operation]
	op.Mutating = !x.reads && !strings.HasPrefix(x.operation, "sts.") // assuming a role changes nothing
	op.Calls++
	l.calls.Total++
	if op.Mutating {
		l.calls.Mutating++
	}
	switch o {
	case outcomeThrottled:
		op.Throttled++
		l.calls.Throttled++
	case outcomeSucceeded:
	case outcomeFailed:
		op.Failed++
		l.calls.Failed++
	}
	l.calls.ByOperation[x.operation] = op
}

// Calls returns the counts so far.
func (s *Server) Calls() Calls { return s.calls.snapshot() }

func (l *callLog) snapshot() Calls {
	l.mu.Lock()
	defer l.mu.Unlock()
	snapshot := l.calls
	snapshot.ByOperation = make(map[string]OperationCalls, len(l.calls.ByOperation))
	for name, op := range l.calls.ByOperation {
		snapshot.ByOperation[name] = op
	}
	return snapshot
}

// readsOnly reports whether an operation changes nothing, judged by its name.
func readsOnly(operation string) bool {
	for _, prefix := range []string{"Describe", "List", "Get", "BatchGet", "BatchCheck", "Filter", "Simulate"} {
		if strings.HasPrefix(operation, prefix) {
			return true
		}
	}
	return false
}
