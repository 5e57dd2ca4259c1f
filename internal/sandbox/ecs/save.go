package ecs

import (
	"encoding/json"
	"fmt"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// saved is one region as Save writes it.
type saved struct {
	Scope  wire.Scope
	State  *region
	Engine json.RawMessage
}

// Save returns the whole state as a value that encodes as JSON, for Load.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	regions := []saved{}
	for scope, r := range s.regions {
		engine, err := r.engine.Snapshot()
		if err != nil {
			return nil, fmt.Errorf("saving the ECS services of %s in %s: %w", scope.Account, scope.Region, err)
		}
		regions = append(regions, saved{Scope: scope, State: r, Engine: engine})
	}
	data, err := json.Marshal(regions)
	if err != nil {
		return nil, fmt.Errorf("saving the state of ECS: %w", err)
	}
	return json.RawMessage(data), nil
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
