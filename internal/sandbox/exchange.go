package sandbox

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// exchange is one request on its way: an API call or a request to the registry.
type exchange struct {
	operation string // as counted and as faults name it: "ecs.DescribeServices"
	scope     wire.Scope
	reads     bool                                           // it changes nothing
	throttled *wire.Error                                    // how the service says that there were too many calls
	perform   func(w http.ResponseWriter, age time.Duration) // age: how old the state is that it answers
	refuse    func(http.ResponseWriter, error)               // in the protocol's own form
}

// carry does x unless a fault or a quota has something against it, and counts how it
// ended. It panics with http.ErrAbortHandler to reset the connection.
func (s *Server) carry(w http.ResponseWriter, r *http.Request, x exchange) {
	hit := s.faults.strike(x.operation)
	if !s.delay(r.Context(), hit.latency) {
		return
	}
	recorder := &statusWriter{ResponseWriter: w}
	switch {
	case hit.kind == faultReset:
		if hit.after {
			x.perform(nowhere{}, 0)
			s.changed(x)
		}
		s.calls.count(x, outcomeFailed)
		panic(http.ErrAbortHandler)
	case hit.kind == faultError:
		if hit.after {
			x.perform(nowhere{}, 0)
			s.changed(x)
		}
		x.refuse(w, hit.err)
		s.calls.count(x, outcomeFailed)
	case hit.kind == faultThrottle || !s.quotas.allow(x):
		x.refuse(w, x.throttled)
		s.calls.count(x, outcomeThrottled)
	default:
		x.perform(recorder, hit.age)
		s.changed(x)
		s.calls.count(x, recorder.outcome())
	}
}

// delay waits for d of the client's time and reports whether the client is still there.
func (s *Server) delay(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	over, stop := s.client.Wait(s.client.Now().Add(d))
	defer stop()
	select {
	case <-over:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Server) changed(x exchange) {
	if !x.reads {
		s.dirty.Store(true)
	}
}

// statusWriter remembers the status of an answer that passes through.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader passes the status on.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK { // 1xx are not the answer
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach what lies below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) outcome() outcome {
	if w.status >= http.StatusBadRequest {
		return outcomeFailed
	}
	return outcomeSucceeded
}

// nowhere takes the answer to a request whose client must not see it.
type nowhere struct{}

// Header returns headers that are dropped.
func (nowhere) Header() http.Header { return http.Header{} }

// WriteHeader does nothing.
func (nowhere) WriteHeader(int) {}

// Write takes everything.
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

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
	for _, prefix := range []string{"Describe", "List", "Get", "BatchGet", "BatchCheck", "Filter", "Simulate", "Test"} {
		if strings.HasPrefix(operation, prefix) {
			return true
		}
	}
	return false
}
