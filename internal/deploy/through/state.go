package through

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/cfn"
)

// State is how an update stands by its events.
type State struct {
	Began  bool
	Status string      // of the stack, by its newest event; "" before it began
	Events []cfn.Event // of the update, oldest first
	// Registered are the revisions that the update registered, by the logical ids of their task
	// definitions.
	Registered map[string]string
	// Services are the ARNs of the services that the update works at, by their logical ids: of one that
	// is replaced that of the new one.
	Services map[string]string
	// Failed are the events that say what failed, oldest first, but for what was merely cancelled.
	Failed []cfn.Event
}

// with returns the state with more events, newest first, which came after those that are known.
func (s State) with(stack cfn.Stack, newer []cfn.Event) State {
	all := append(slices.Clone(s.Events), reversed(newer)...)
	state := State{Events: all, Registered: map[string]string{}, Services: map[string]string{}}
	for _, e := range all {
		switch {
		case e.About(stack):
			state.Began, state.Status = true, e.Status
		case strings.HasSuffix(e.Status, "_FAILED") && !strings.Contains(e.Reason, "cancelled") && !state.RollsBack():
			state.Failed = append(state.Failed, e)
		case e.Type == cfn.TypeTaskDefinition && e.Physical != "" && (e.Status == "UPDATE_COMPLETE" || e.Status == "CREATE_COMPLETE") && !state.RollsBack():
			state.Registered[e.Logical] = e.Physical
		case e.Type == cfn.TypeService && e.Physical != "" && !strings.HasPrefix(e.Status, "DELETE") && !state.RollsBack():
			state.Services[e.Logical] = e.Physical
		}
	}
	return state
}

func reversed(events []cfn.Event) []cfn.Event {
	events = slices.Clone(events)
	slices.Reverse(events)
	return events
}

// RollsBack reports whether CloudFormation rolls the update back, or did.
func (s State) RollsBack() bool { return strings.Contains(s.Status, "ROLLBACK") }

// Ended reports whether the update, or its rollback, is over.
func (s State) Ended() bool { return s.Began && !strings.HasSuffix(s.Status, "_IN_PROGRESS") }

// Succeeded reports whether the stack has what was wanted. What it still cleans up is no part of it.
func (s State) Succeeded() bool {
	return s.Status == "UPDATE_COMPLETE" || s.Status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
}

// Why says what failed first in the stack, in CloudFormation's words; "" where nothing did.
func (s State) Why() string {
	if len(s.Failed) == 0 {
		return ""
	}
	return Line(s.Failed[0])
}

// Line is an event as a line.
func Line(e cfn.Event) string {
	text := fmt.Sprintf("%s %s", e.Logical, e.Status)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}
