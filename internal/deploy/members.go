package deploy

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// members returns what of the service the wanted definition changes. What cannot be
// compared or cannot be changed is a problem.
func (b *builder) members() map[string]json.RawMessage {
	members := map[string]json.RawMessage{}
	if b.desired.ServiceDefinition == nil {
		return members
	}
	changes, diff, err := taskdef.ServiceChanges(*b.desired.ServiceDefinition, b.observed.Service.Record)
	b.problems = append(b.problems, problemsOf(b.desired, err)...)
	b.diff += diff
	// What came out of a Definition is an object.
	_ = json.Unmarshal(changes.JSON(), &members)
	return members
}

// problemsOf returns a problem for each error that was joined in err.
func problemsOf(d Desired, err error) []tagboat.Problem {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if ok {
		var problems []tagboat.Problem
		for _, e := range joined.Unwrap() {
			problems = append(problems, problemsOf(d, e)...)
		}
		return problems
	}
	var known *tagboat.Error
	if !errors.As(err, &known) {
		return []tagboat.Problem{d.problem(d.where("service"), "", err.Error())}
	}
	where := d.where("service")
	if known.Where != nil {
		where = known.Where.String()
	}
	return []tagboat.Problem{d.problem(where, known.Hint, known.Msg)}
}

// names lists members for people.
func names(members map[string]json.RawMessage) string {
	return strings.Join(slices.Sorted(maps.Keys(members)), ", ")
}
