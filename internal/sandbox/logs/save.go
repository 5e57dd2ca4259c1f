package logs

import (
	"encoding/json"
	"fmt"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// saved is one store as it is kept between runs.
type saved struct {
	Scope  wire.Scope
	Groups map[string]*group
}

// Save returns all state, events included, as a value that encodes as JSON and that
// later calls do not change.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stores := make([]saved, 0, len(s.stores))
	for scope, st := range s.stores {
		stores = append(stores, saved{Scope: scope, Groups: st.groups})
	}
	data, err := json.Marshal(stores)
	if err != nil {
		return nil, fmt.Errorf("saving logs: %w", err)
	}
	return json.RawMessage(data), nil
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	var loaded []saved
	if err := json.Unmarshal(data, &loaded); err != nil {
		return fmt.Errorf("loading logs: %w", err)
	}
	stores := make(map[wire.Scope]*store, len(loaded))
	for _, l := range loaded {
		if l.Groups == nil {
			l.Groups = map[string]*group{}
		}
		for name, g := range l.Groups {
			if g == nil || g.Streams == nil {
				return fmt.Errorf("loading logs: log group %q is empty", name)
			}
		}
		stores[l.Scope] = &store{scope: l.Scope, groups: l.Groups}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stores = stores
	return nil
}
