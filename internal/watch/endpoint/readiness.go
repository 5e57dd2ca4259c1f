package endpoint

import (
	"errors"
	"fmt"
	"sync"
)

// Readiness is whether a watcher is ready: it has looked at an environment, and can receive from its
// queue. The zero value is not. It is safe for concurrent use.
type Readiness struct {
	mu     sync.Mutex
	looked bool
	queue  error
}

// Looked says that the watcher has looked.
func (r *Readiness) Looked() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looked = true
}

// Received says how receiving from the queue went.
func (r *Readiness) Received(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = err
}

// Err returns why the watcher is not ready.
func (r *Readiness) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !r.looked:
		return errors.New("no environment was looked at yet")
	case r.queue != nil:
		return fmt.Errorf("the queue cannot be read: %w", r.queue)
	default:
		return nil
	}
}
