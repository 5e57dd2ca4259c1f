package ssm

import (
	"encoding/json"
	"fmt"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// saved is one store as it is kept between runs.
type saved struct {
	Scope      wire.Scope
	Parameters map[string]*parameter
}

// Save returns all state as a value that encodes as JSON and that later calls do not
// change. Values of SecureString are in it.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stores := make([]saved, 0, len(s.stores))
	for scope, st := range s.stores {
		stores = append(stores, saved{Scope: scope, Parameters: st.parameters})
	}
	data, err := json.Marshal(stores)
	if err != nil {
		return nil, fmt.Errorf("saving parameters: %w", err)
	}
	return json.RawMessage(data), nil
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	var loaded []saved
	if err := json.Unmarshal(data, &loaded); err != nil {
		return fmt.Errorf("loading parameters: %w", err)
	}
	stores := make(map[wire.Scope]*store, len(loaded))
	for _, l := range loaded {
		for name, p := range l.Parameters {
			if p == nil || len(p.Versions) == 0 {
				return fmt.Errorf("loading parameters: %q has no version", name)
			}
		}
		if l.Parameters == nil {
			l.Parameters = map[string]*parameter{}
		}
		stores[l.Scope] = &store{scope: l.Scope, parameters: l.Parameters}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stores = stores
	return nil
}
