package drift

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/deploy"
)

// predict makes the change sets of every stack that owns a service here, reads and deletes them.
func (p *place) predict(ctx context.Context) error {
	of := map[*stack][]*view{}
	for _, v := range p.views {
		if s := v.owner.stack; s != nil && !s.missing {
			of[s] = append(of[s], v)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(stacksAtOnce)
	for s, views := range of {
		group.Go(func() error {
			switch {
			case !s.Updatable():
				return nil // which is said of its updates
			case s.Parent != "":
				p.note(fmt.Sprintf("stack %s is nested: nothing is predicted of it, since it is updated with the stack that it is in", s.Name))
				return nil
			}
			update, err := p.changes(ctx, s, false)
			if err != nil {
				return p.tolerate(err)
			}
			revert, err := p.changes(ctx, s, true)
			if err != nil {
				return p.tolerate(err)
			}
			for _, v := range views {
				p.found[v.at].Stack.Predicted = v.predicted(update, revert)
			}
			return nil
		})
	}
	return group.Wait()
}

// changes makes a change set with the stack's own template and values, and deletes it, also when the
// command is interrupted.
func (p *place) changes(ctx context.Context, s *stack, revert bool) (set cfn.ChangeSet, err error) {
	request := cfn.ChangeRequest{
		Stack: s.ID, Name: "tagboat-drift-" + strings.ToLower(rand.Text()[:12]), Description: "made by tagboat drift --predict, which deletes it",
		Capabilities: s.Capabilities, RevertDrift: revert,
	}
	for _, parameter := range s.Parameters {
		request.Keep = append(request.Keep, parameter.Key)
	}
	id, err := deploy.AskForChangeSet(ctx, p.client.Stacks, request)
	if err != nil {
		return set, fmt.Errorf("making a change set of stack %s: %w", s.Name, err)
	}
	defer func() {
		if gone := deploy.DropChangeSet(ctx, p.client.Stacks, id); gone != nil {
			p.note(fmt.Sprintf("the change set %s of stack %s could not be deleted: %v", request.Name, s.Name, gone))
		}
	}()
	if set, err = deploy.AwaitChangeSet(ctx, p.client.Stacks, id); err != nil {
		return set, fmt.Errorf("making a change set of stack %s: %w", s.Name, err)
	}
	return set, nil
}

// predicted says what change sets do to a service and to its task definition, and names the others
// that they touch.
func (v *view) predicted(update, revert cfn.ChangeSet) *tagboat.PredictedDrift {
	own := []string{v.owner.logical}
	if service, is := v.owner.stack.template.Service(v.owner.logical, v.owner.stack.last()); is {
		own = append(own, service.TaskDefinition)
	}
	p := &tagboat.PredictedDrift{Update: said(update, own), Revert: said(revert, own)}
	for _, set := range []cfn.ChangeSet{update, revert} {
		for _, c := range set.Changes {
			text := fmt.Sprintf("%s (%s)", c.Logical, c.Type)
			if !slices.Contains(own, c.Logical) && !slices.Contains(p.Others, text) {
				p.Others = append(p.Others, text)
			}
		}
	}
	return p
}

// said says what a change set does to some resources, a line each.
func said(set cfn.ChangeSet, of []string) []string {
	lines := []string{}
	if set.Status == "FAILED" && !set.Empty() {
		return append(lines, "it fails: "+set.Reason)
	}
	for _, c := range set.Changes {
		if !slices.Contains(of, c.Logical) {
			continue
		}
		text := c.Logical + " is " + map[string]string{
			"Add": "added", "Modify": "changed", "Remove": "removed", "SyncWithActual": "left as it is, and no longer counted as drifted",
		}[c.Action]
		if c.Action == "Modify" && c.Replacement == "True" || c.Replacement == "Conditional" {
			text = c.Logical + " is replaced"
		}
		var details []string
		for _, d := range c.Details {
			if line := detail(d); line != "" && !slices.Contains(details, line) {
				details = append(details, line)
			}
		}
		if len(details) > 0 {
			text += ": " + strings.Join(details, ", ")
		}
		lines = append(lines, text)
	}
	return lines
}

// detail says what becomes of a property. Values of many lines are left out.
func detail(d cfn.Detail) string {
	if d.Property == "" {
		return d.Attribute
	}
	short := func(value string) bool { return value != "" && len(value) < 200 && !strings.ContainsAny(value, "{[\n") }
	switch {
	case short(d.Before) && short(d.After):
		return d.Property + " " + name(d.Before) + " → " + name(d.After)
	case short(d.Before) && strings.HasPrefix(d.After, "{{changeSet:"):
		return d.Property + " " + name(d.Before) + " → a new one"
	default:
		return d.Property
	}
}
