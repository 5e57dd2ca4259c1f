package sandbox

import (
	"context"
	"net/http"
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
