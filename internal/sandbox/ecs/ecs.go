// Package ecs is Amazon ECS's API in the sandbox: the operations of
// AmazonEC2ContainerServiceV20141113 with AWS's checks, errors and answers, over the
// scheduler in package rollout, which does what ECS does between two calls.
//
//	wire.Service ──▶ operation ──▶ region (clusters, task definitions, tags)
//	                                  └──▶ rollout.Engine ──▶ world ──▶ Deps (images, logs, targets)
//
// Each account and region has a state of its own. Before every call, and while Run
// runs, time moves on to what the clock says.
//
// What the API takes but nothing happens by is listed by Ignored; what it cannot do
// answers UnsupportedFeatureException.
package ecs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Service is ECS. It is safe for concurrent use.
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
	caller   wire.Caller
	age      time.Duration // of the state that it should answer; 0 is the present
	managing bool          // ECS itself calls, as Express Mode does
}

type managingKey struct{}

// Managing returns a context for calls that ECS itself makes for a service of Express Mode: one
// that is created is managed by ECS, and one that is may be changed as others may not.
func Managing(ctx context.Context) context.Context {
	return context.WithValue(ctx, managingKey{}, true)
}

// operation makes an operation of f. While f runs it alone sees the region, whose time
// is the clock's; its answer is encoded before anybody else can change what it shows.
func operation[In, Out any](s *Service, f func(call, In) (Out, error)) wire.Operation {
	return wire.OpSpelt(wire.LowerCamel, func(ctx context.Context, caller wire.Caller, in In) (json.RawMessage, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		r := s.region(caller.Scope)
		r.advance()
		managing, _ := ctx.Value(managingKey{}).(bool)
		out, err := f(call{region: r, caller: caller, age: wire.Age(ctx), managing: managing}, in)
		r.view()
		s.wake()
		if err != nil {
			return nil, refusal(err)
		}
		return json.Marshal(out)
	})
}

// inCluster makes an operation of f, which needs the ACTIVE cluster that a request names.
func inCluster[In interface{ clusterID() string }, Out any](s *Service, f func(call, *cluster, In) (Out, error)) wire.Operation {
	return operation(s, func(c call, in In) (out Out, err error) {
		cluster, err := c.cluster(in.clusterID())
		if err != nil {
			return out, err
		}
		return f(c, cluster, in)
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

// Run lets time pass until ctx ends: it wakes when the scheduler next has something
// to do, and after each call. It returns nil once ctx is done.
func (s *Service) Run(ctx context.Context) error {
	clock.Run(ctx, s.deps.Clock, s.poke, func(context.Context) time.Time { return s.advance() })
	return nil
}

// advance brings every region to the clock's time and returns when one of them next has
// something to do; the zero time if none ever has.
func (s *Service) advance() (next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.regions {
		r.advance()
		if at, ok := r.engine.Next(); ok && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// snapshot is one region as Save writes it.
type snapshot struct {
	Scope  wire.Scope
	State  *region
	Engine json.RawMessage
}

// Save returns the whole state as a value that encodes as JSON, for Load.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	regions := []snapshot{}
	for scope, r := range s.regions {
		engine, err := r.engine.Snapshot()
		if err != nil {
			return nil, fmt.Errorf("saving the ECS services of %s in %s: %w", scope.Account, scope.Region, err)
		}
		regions = append(regions, snapshot{Scope: scope, State: r, Engine: engine})
	}
	return wire.Frozen("the state of ECS", regions)
}

// Load replaces the state by one that Save returned. On an error the state is as it
// was before.
func (s *Service) Load(data json.RawMessage) error {
	var raw []struct {
		Scope         wire.Scope
		State, Engine json.RawMessage
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("reading the saved state of ECS: %w", err)
	}
	regions := map[wire.Scope]*region{}
	for _, one := range raw {
		r := newRegion(one.Scope, s.deps)
		if err := json.Unmarshal(one.State, r); err != nil {
			return fmt.Errorf("reading the saved state of ECS in %s: %w", one.Scope.Region, err)
		}
		if err := r.engine.Restore(one.Engine); err != nil {
			return fmt.Errorf("reading the saved ECS services in %s: %w", one.Scope.Region, err)
		}
		regions[one.Scope] = r
	}
	s.mu.Lock()
	s.regions = regions
	s.mu.Unlock()
	s.wake()
	return nil
}
