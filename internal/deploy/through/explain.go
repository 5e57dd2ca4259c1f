package through

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Explain says what of a stack keeps its services from what they should be: that it cannot be
// updated, or that its last update failed, and why. It is nil where nothing does.
func Explain(ctx context.Context, client deploy.Stacks, name string) ([]tagboat.Cause, error) {
	stack, err := client.Describe(ctx, name)
	if errors.Is(err, ecs.ErrNotFound) {
		return nil, nil // who looks for its services says so
	}
	if err != nil {
		return nil, fmt.Errorf("reading stack %q: %w", name, err)
	}
	if stack.Status == "CREATE_COMPLETE" || stack.Status == "UPDATE_COMPLETE" || strings.HasPrefix(stack.Status, "IMPORT") {
		return nil, nil
	}
	began := false
	events, err := client.Events(ctx, stack.ID, func(e cfn.Event) bool {
		if began {
			return true
		}
		began = e.Begins(stack)
		return false
	})
	if err != nil {
		return nil, fmt.Errorf("reading the events of stack %q: %w", name, err)
	}
	state := State{}.with(stack, events)
	c := tagboat.Cause{Class: "yours", Cause: fmt.Sprintf("the stack %s is %s", name, stack.Status), Advice: deploy.HowToRepair(name, stack.Status)}
	switch {
	case stack.Status == "UPDATE_ROLLBACK_COMPLETE":
		c.Cause = fmt.Sprintf("the last update of stack %s failed and was rolled back", name)
		c.Advice = "fix what failed, then deploy again"
	case stack.Busy():
		c.Cause = fmt.Sprintf("the stack %s is being changed: %s", name, stack.Status)
	}
	var lines []string
	for _, e := range state.Failed {
		lines = append(lines, Line(e))
	}
	c.Evidence = strings.Join(lines, "\n")
	return []tagboat.Cause{c}, nil
}
