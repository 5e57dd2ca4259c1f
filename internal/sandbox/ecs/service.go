package ecs

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Service is ECS. Its methods may be called by several goroutines at once.
type Service struct {
	deps Deps
	poke chan struct{} // says that Next may have changed

	mu      sync.Mutex
	past    bool // services are remembered as they were, for stale answers
	regions map[wire.Scope]*region
}

// New returns an ECS in which every account and region has one cluster, "default".
func New(deps Deps) *Service {
	return &Service{deps: deps, poke: make(chan struct{}, 1), regions: map[wire.Scope]*region{}}
}

// region returns the state of a scope. The caller holds the lock.
func (s *Service) region(scope wire.Scope) *region {
	r, ok := s.regions[scope]
	if !ok {
		r = newRegion(scope, s.deps)
		if s.past {
			r.keepPast()
		}
		s.regions[scope] = r
	}
	return r
}

// call is one request in the hands of an operation.
type call struct {
	*region
	caller wire.Caller
	age    time.Duration // of the state that it should answer; 0 is the present
}

// operation makes an operation of f. While f runs it alone sees the region, whose time
// is the clock's; its answer is encoded before anybody else can change what it shows.
func operation[In, Out any](s *Service, f func(call, In) (Out, error)) wire.Operation {
	return wire.OpSpelt(wire.LowerCamel, func(ctx context.Context, caller wire.Caller, in In) (json.RawMessage, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		r := s.region(caller.Scope)
		r.advance()
		out, err := f(call{region: r, caller: caller, age: wire.Age(ctx)}, in)
		r.view()
		s.wake()
		if err != nil {
			return nil, refusal(err)
		}
		return json.Marshal(out)
	})
}

// refusal gives the scheduler's refusals the form that the wire has for errors.
func refusal(err error) error {
	var e *rollout.Error
	if errors.As(err, &e) {
		return wire.Errorf(e.Code, "%s", e.Message)
	}
	return err
}

func (s *Service) wake() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}
