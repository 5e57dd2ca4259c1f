package deploy

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/taskdef"
)

// members returns what of the service the wanted definition changes. What cannot be
// compared or cannot be changed is a problem.
func (b *builder) members() map[string]json.RawMessage {
	if b.desired.ServiceDefinition == nil {
		return map[string]json.RawMessage{}
	}
	members, err := taskdef.ServiceChanges(b.desired.ServiceDefinition.JSON(), b.observed.Service.Record)
	if err != nil {
		b.problems = append(b.problems, b.desired.problem(at(b.desired.ServicePlace), "", err.Error()))
	}
	return members
}

// names lists members for people.
func names(members map[string]json.RawMessage) string {
	return strings.Join(slices.Sorted(maps.Keys(members)), ", ")
}
