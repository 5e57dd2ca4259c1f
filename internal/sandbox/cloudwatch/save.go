package cloudwatch

import (
	"encoding/json"
	"fmt"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// saved is the alarms of one account and region as Save writes them.
type saved struct {
	Scope  wire.Scope
	Alarms map[string]*alarm
}

// Save returns all state as a value that encodes as JSON and that later calls do not
// change.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []saved{}
	for scope, alarms := range s.alarms {
		all = append(all, saved{scope, alarms})
	}
	data, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("saving alarms: %w", err)
	}
	return json.RawMessage(data), nil
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	var all []saved
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("loading alarms: %w", err)
	}
	loaded := map[wire.Scope]map[string]*alarm{}
	for _, one := range all {
		for name, a := range one.Alarms {
			if a == nil {
				return fmt.Errorf("loading alarms: %s is empty", name)
			}
		}
		loaded[one.Scope] = one.Alarms
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alarms = loaded
	return nil
}
