package through

import (
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/expect"
)

// TestStatesOfAnUpdate are decided by its events alone.
func TestStatesOfAnUpdate(t *testing.T) {
	stack := cfn.Stack{ID: "shop/1", Name: "shop"}
	const task = cfn.TypeTaskDefinition
	// Of each event: logical id, type, physical id, status, reason.
	ofStack := func(status string) [5]string { return [5]string{"shop", cfn.TypeStack, "shop/1", status, ""} }
	for _, test := range []struct {
		name       string
		events     [][5]string // oldest first
		want       string      // what holds of it
		registered string
		why        string
	}{
		{"not begun", nil, "", "", ""},
		{"begun", [][5]string{ofStack("UPDATE_IN_PROGRESS")}, "began", "", ""},
		{"registering", [][5]string{ofStack("UPDATE_IN_PROGRESS"), {"Task", task, "web:1", "UPDATE_IN_PROGRESS", ""}, {"Task", task, "web:2", "UPDATE_IN_PROGRESS", "Resource creation Initiated"}}, "began", "", ""},
		{"registered", [][5]string{ofStack("UPDATE_IN_PROGRESS"), {"Task", task, "web:2", "UPDATE_COMPLETE", ""}}, "began", "web:2", ""},
		{"cleaning up", [][5]string{ofStack("UPDATE_IN_PROGRESS"), {"Task", task, "web:2", "UPDATE_COMPLETE", ""}, ofStack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")}, "began succeeded", "web:2", ""},
		{"done", [][5]string{ofStack("UPDATE_IN_PROGRESS"), ofStack("UPDATE_COMPLETE")}, "began succeeded ended", "", ""},
		{
			"rolling back", [][5]string{ofStack("UPDATE_IN_PROGRESS"), {"Task", task, "web:2", "UPDATE_COMPLETE", ""}, {"Web", cfn.TypeService, "web", "UPDATE_FAILED", "the breaker"}, ofStack("UPDATE_ROLLBACK_IN_PROGRESS"), {"Task", task, "web:1", "UPDATE_COMPLETE", ""}},
			"began back", "web:2", "Web UPDATE_FAILED: the breaker",
		},
		{"rolled back", [][5]string{ofStack("UPDATE_IN_PROGRESS"), ofStack("UPDATE_ROLLBACK_IN_PROGRESS"), ofStack("UPDATE_ROLLBACK_COMPLETE")}, "began back ended", "", ""},
		{"not rolled back", [][5]string{ofStack("UPDATE_IN_PROGRESS"), ofStack("UPDATE_ROLLBACK_FAILED")}, "began back ended", "", ""},
		{"cancelled", [][5]string{ofStack("UPDATE_IN_PROGRESS"), {"Web", cfn.TypeService, "web", "UPDATE_FAILED", "Resource update cancelled"}, ofStack("UPDATE_ROLLBACK_COMPLETE")}, "began back ended", "", ""},
		{"of a nested stack", [][5]string{ofStack("UPDATE_IN_PROGRESS"), {"Inner", cfn.TypeStack, "inner/1", "UPDATE_COMPLETE", ""}}, "began", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := State{}
			for _, e := range test.events { // one look each
				s = s.with(stack, []cfn.Event{{ID: e[3] + e[4], Logical: e[0], Type: e[1], Physical: e[2], Status: e[3], Reason: e[4]}})
			}
			var holds []string
			for _, fact := range []struct {
				name string
				is   bool
			}{{"began", s.Began}, {"back", s.RollsBack()}, {"succeeded", s.Succeeded()}, {"ended", s.Ended()}} {
				if fact.is {
					holds = append(holds, fact.name)
				}
			}
			expect.Equal(t, test.want, strings.Join(holds, " "))
			expect.Equal(t, test.registered, s.Registered["Task"])
			expect.Equal(t, test.why, s.Why())
		})
	}
}
