package elb

import (
	"encoding/json"
	"fmt"
)

// saved is all state as it is kept between runs.
type saved struct {
	Groups    map[string]*targetGroup
	Made      int
	Balancers []*loadBalancer
	Listeners []*listener
	Rules     []savedRule
}

// savedRule is a rule with what its answers do not show.
type savedRule struct {
	Rule *rule
	Of   string
}

// Save returns all state as a value that encodes as JSON and that later calls do not
// change.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := saved{Groups: s.groups, Made: s.made, Balancers: s.balancers, Listeners: s.listeners}
	for _, r := range s.rules {
		state.Rules = append(state.Rules, savedRule{Rule: r, Of: r.Listener})
	}
	data, err := json.Marshal(state)
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
	s.groups, s.made, s.balancers, s.listeners, s.rules = loaded.Groups, loaded.Made, loaded.Balancers, loaded.Listeners, nil
	for _, r := range loaded.Rules {
		if r.Rule != nil {
			r.Rule.Listener = r.Of
			s.rules = append(s.rules, r.Rule)
		}
	}
	return nil
}
