package ecs

import (
	"encoding/json"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// decoded is what the scheduler's copy of a service's settings said when it was read last.
// Clients poll hundreds of services, whose settings hardly ever change.
type decoded struct {
	other, revision json.RawMessage
	settings        settings
}

// settingsOf is the function of that name for who only reads what it returns.
func (r *region) settingsOf(s *rollout.Service) *settings { return asItIs(s, *r.sent(s)) }

// sent returns what was asked of a service, whatever a rollback brought back since.
func (r *region) sent(s *rollout.Service) *settings {
	known, ok := r.decoded[s]
	if !ok || !same(known.other, s.Spec.Other) || !same(known.revision, s.Spec.Revision) {
		known = &decoded{other: s.Spec.Other, revision: s.Spec.Revision, settings: decodedSettings(s)}
		r.decoded[s] = known
	}
	return &known.settings
}

// same tells whether a and b are the same bytes in memory. What the scheduler holds is
// replaced, never written over.
func same(a, b json.RawMessage) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
