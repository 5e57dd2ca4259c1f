package elb

import (
	"encoding/json"
	"fmt"
)

// saved is all state as it is kept between runs.
type saved struct {
	Groups map[string]*targetGroup
	Made   int
}

// Save returns all state as a value that encodes as JSON and that later calls do not
// change.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := json.Marshal(saved{Groups: s.groups, Made: s.made})
	if err != nil {
		return nil, fmt.Errorf("saving target groups: %w", err)
	}
	return json.RawMessage(data), nil
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	loaded := saved{Groups: map[string]*targetGroup{}}
	if err := json.Unmarshal(data, &loaded); err != nil {
		return fmt.Errorf("loading target groups: %w", err)
	}
	for arn, g := range loaded.Groups {
		if g == nil || g.Attributes == nil {
			return fmt.Errorf("loading target groups: %s is empty", arn)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups, s.made = loaded.Groups, loaded.Made
	return nil
}
