package deploy

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/cfn/template"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/wait"
)

// StackChange is what updating a stack would change, as one change set says for all services of it
// that are deployed together.
type StackChange struct {
	Set  cfn.ChangeSet
	Own  map[string]bool // logical ids of the services and task definitions that are meant to change
	Err  error           // of kind Usage: why there is no change set
	Mate bool            // another plan shows the change already
}

// OwnOf returns the logical ids of the services of plans and of their task definitions.
func OwnOf(plans []Plan) map[string]bool {
	own := map[string]bool{}
	for _, p := range plans {
		own[p.Observed.Stack.Service.Logical] = true
		own[p.Observed.Stack.TaskDefinition.Logical] = true
	}
	return own
}

// Beyond returns the changes that go beyond what is meant to change: those of other resources, and
// of a service that is deleted or replaced. What merely refers to an attribute of a service that
// stays is not changed, though a change set lists it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets-view.html
func (c StackChange) Beyond(allow []string) []cfn.Change {
	stays := map[string]bool{}
	for _, change := range c.Set.Changes {
		if change.Type == cfn.TypeService && change.Action == "Modify" && (change.Replacement == "False" || change.Replacement == "") {
			stays[change.Logical] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(c.Set.Changes), func(change cfn.Change) bool {
		switch {
		case c.Deletes(change):
			return false
		case slices.Contains(allow, change.Logical), follows(change, stays):
			return true
		case change.Type == cfn.TypeService:
			return c.Own[change.Logical] && stays[change.Logical]
		default:
			return c.Own[change.Logical] && change.Action == "Modify"
		}
	})
}

// Deletes reports whether a change deletes one of the services that are deployed, or the task
// definition of one: nobody can allow that, since nothing would be left to deploy.
func (c StackChange) Deletes(change cfn.Change) bool {
	return change.Action == "Remove" && c.Own[change.Logical]
}

// howToAllow says what to do about a change that goes beyond what is meant to change.
func (c StackChange) howToAllow(beyond cfn.Change) string {
	if c.Deletes(beyond) {
		return "its template has it under a condition that does not hold with these values: correct that, or take the service out of tagboat.yaml"
	}
	return "deploy what it belongs to in the same run, or allow it: --allow " + beyond.Logical
}

// follows reports whether a change is listed only since its resource refers to attributes of
// services that stay.
func follows(c cfn.Change, stays map[string]bool) bool {
	return len(c.Details) > 0 && c.Action == "Modify" && !slices.ContainsFunc(c.Details, func(d cfn.Detail) bool {
		logical, attribute, _ := strings.Cut(d.Cause, ".")
		return d.Evaluation != "Dynamic" || d.Source != "ResourceAttribute" || attribute == "" || !stays[logical]
	})
}

// changes takes in what an update would change.
func (b *stackBuilder) changes(c StackChange) {
	if c.Err != nil {
		b.problem(tagboat.HintOf(c.Err), "%s", c.Err.Error())
		return
	}
	step := UpdateStack{Stack: b.stack.Name}
	if !c.Mate {
		for _, change := range c.Set.Changes {
			step.Resources = append(step.Resources, change.Logical)
			b.diff += "~ " + Describe(change) + "\n"
		}
	}
	b.steps = []Step{step}
	for _, beyond := range c.Beyond(b.desired.Stack.Allow) {
		b.problem(c.howToAllow(beyond),
			"updating the stack %s would change more than its services and their task definitions: %s", b.stack.Name, Describe(beyond))
	}
	for _, image := range b.desired.Images {
		if why := b.stack.brings(image, c.Set, b.desired.Stack); why != "" {
			b.problem("tagboat drift --env "+string(b.desired.Environment)+" shows what the parameters have", "container %s: %s", image.Container, why)
		}
	}
	if c.Set.Empty() && !b.desired.Stack.PinFirst && len(b.problems) == 0 {
		b.problem("see what it has: aws cloudformation describe-stacks --stack-name "+b.stack.Name,
			"CloudFormation finds nothing to change in stack %s, though its task definition %s does not have the pinned versions", b.stack.Name, b.stack.TaskDefinition.Logical)
	}
}

// CheckChange returns an error of kind Blocked where a change set of the stack of some plans, whose
// services it has, goes beyond them or would not bring what is pinned.
func CheckChange(plans []Plan, set cfn.ChangeSet) error {
	change := StackChange{Set: set, Own: OwnOf(plans)}
	for _, p := range plans {
		if beyond := change.Beyond(p.Desired.Stack.Allow); len(beyond) > 0 {
			return tagboat.Errorf(tagboat.Blocked, "updating the stack %s would change more than was planned: %s", p.Desired.Stack.Name, Describe(beyond[0])).
				WithHint("see it with: tagboat plan --env %s; %s", p.Desired.Environment, change.howToAllow(beyond[0]))
		}
		written := *p.Desired.Stack
		written.PinFirst = false
		for _, image := range p.Desired.Images {
			if why := p.Observed.Stack.brings(image, set, &written); why != "" {
				return tagboat.Errorf(tagboat.Blocked, "container %s of service %s: %s", image.Container, p.Desired.Service, why).
					WithHint("see what the parameters have: tagboat drift --env %s", p.Desired.Environment)
			}
		}
	}
	return nil
}

// brings says why a change set would not bring an image, though its source is a parameter; "" where
// it would, or where that is not known.
func (s *ObservedStack) brings(image Image, set cfn.ChangeSet, how *Stack) string {
	values := map[string]string{}
	for _, p := range set.Parameters {
		if declared, ok := s.Template.Parameters[p.Key]; ok && !declared.NoEcho {
			values[p.Key] = p.Value
			if declared.SSM() {
				values[p.Key] = p.Resolved
			}
		}
	}
	d, _ := s.Template.TaskDefinition(s.TaskDefinition.Logical, s.Inputs.With(values))
	c, _ := d.Container(string(image.Container))
	stored := c.Image.From(template.Stored)
	if how.PinFirst && len(stored) > 0 {
		for _, source := range stored {
			if p, ok := s.Parameter(source.Name); ok && slices.Contains(how.Stored[image.Image], p.Value) {
				return "" // the pin is written before the stack is updated
			}
		}
		p, _ := s.Parameter(stored[0].Name)
		return fmt.Sprintf("%s reads %s, and image %s is pinned in %s", stored[0], p.Value, image.Image, strings.Join(how.Stored[image.Image], " and "))
	}
	named, err := tagboat.ParseReference(c.Image.Value)
	switch {
	case !c.Image.Known, err == nil && named.Digest == image.Pinned.Digest:
		return ""
	case set.Empty():
		return fmt.Sprintf("the stack %s has nothing to change, and gives it %s, which is not the pinned %s", s.Name, c.Image.Value, image.Pinned.Pinned())
	default:
		return fmt.Sprintf("updating the stack %s would give it %s, which is not the pinned %s", s.Name, c.Image.Value, image.Pinned.Pinned())
	}
}

// Describe says what a change set does to one resource: whether it is replaced, which properties
// change, and why.
func Describe(c cfn.Change) string {
	does := map[string]string{"Add": "add", "Remove": "delete", "Modify": "change", "Import": "import"}[c.Action]
	text := fmt.Sprintf("%s %s (%s)", cmp.Or(does, c.Action), c.Logical, c.Type)
	switch c.Replacement {
	case "True":
		text += ", replaced"
	case "Conditional":
		text += ", may be replaced"
	}
	causes := map[string][]string{}
	for _, d := range c.Details {
		name := cmp.Or(d.Property, d.Attribute)
		if causes[name] == nil {
			causes[name] = []string{}
		}
		if d.Cause != "" && !slices.Contains(causes[name], d.Cause) {
			causes[name] = append(causes[name], d.Cause)
		}
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(causes)) {
		part := name
		if by := causes[name]; len(by) > 0 {
			part += ", by " + strings.Join(by, " and ")
		}
		parts = append(parts, part)
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, "; ")
	}
	return text
}

// changeSetLasts is how long CloudFormation may take to make a change set.
const changeSetLasts = 10 * time.Minute

// NewToken returns a name for a change set, or for an update, that nobody else has.
func NewToken() string { return TokenPrefix + strings.ToLower(rand.Text()) }

// MakeChangeSet makes a change set and returns it once it is complete, or has failed because there is
// nothing to change. One that is not returned is deleted. What CloudFormation refuses is an error of
// kind Usage.
func MakeChangeSet(ctx context.Context, s Stacks, r cfn.ChangeRequest) (cfn.ChangeSet, error) {
	r.Name, r.Description = NewToken(), "made by Tagboat"
	id, err := AskForChangeSet(ctx, s, r)
	if errors.Is(err, ecs.ErrNotDone) {
		return cfn.ChangeSet{}, refusedChange(r, err.Error())
	}
	if err != nil {
		return cfn.ChangeSet{}, fmt.Errorf("making a change set for stack %q: %w", r.Stack, err)
	}
	set, err := AwaitChangeSet(ctx, s, id)
	if err == nil && set.Status == "FAILED" && !set.Empty() {
		err = refusedChange(r, set.Reason)
	}
	if err != nil {
		_ = DropChangeSet(ctx, s, id)
	}
	return set, err
}

// refusedChange is the error where CloudFormation takes no change set: often a parameter takes no URI.
func refusedChange(r cfn.ChangeRequest, why string) error {
	name := r.Stack
	if parts := strings.Split(r.Stack, "/"); len(parts) == 3 {
		name = parts[1] // arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID
	}
	refused := tagboat.Usagef("CloudFormation refuses a change set for stack %s: %s", name, why)
	for _, key := range slices.Sorted(maps.Keys(r.Parameters)) {
		if strings.Contains(why, key) {
			return refused.WithHint("let the template's parameter %s take the URI %s: see its AllowedPattern, AllowedValues and MaxLength", key, r.Parameters[key])
		}
	}
	return refused.WithHint("it is about the stack's template or its values: update the stack with what CloudFormation takes, then deploy")
}

// AskForChangeSet begins to make a change set and returns its id. The answer is waited for, also
// where ctx ends meanwhile: without it nobody could delete the change set.
func AskForChangeSet(ctx context.Context, s Stacks, r cfn.ChangeRequest) (id string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeSetCleanup)
	defer cancel()
	return s.CreateChangeSet(asking, r)
}

// AwaitChangeSet returns a change set once it is made, or has failed.
func AwaitChangeSet(ctx context.Context, s Stacks, id string) (cfn.ChangeSet, error) {
	deadline := time.Now().Add(changeSetLasts)
	for pause := time.Second; ; pause = min(pause*3/2, 10*time.Second) {
		if err := wait.For(ctx, pause); err != nil {
			return cfn.ChangeSet{}, err
		}
		set, err := s.ChangeSet(ctx, id)
		switch {
		case err != nil:
			return set, fmt.Errorf("reading change set %q: %w", id, err)
		case set.Status == "CREATE_COMPLETE" || set.Status == "FAILED":
			return set, nil
		case time.Now().After(deadline):
			return set, tagboat.Errorf(tagboat.Internal, "CloudFormation has not made the change set in %s: it is %s", changeSetLasts, set.Status)
		}
	}
}

// changeSetCleanup is how long a command that was interrupted may take to clear up after itself.
const changeSetCleanup = 30 * time.Second

// DropChangeSet deletes a change set that nobody needs, also after ctx has ended. CloudFormation
// refuses that while the change set is being made, so it is asked again. One that stays goes with the
// next update of its stack.
func DropChangeSet(ctx context.Context, s Stacks, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeSetCleanup)
	defer cancel()
	for {
		err := s.DeleteChangeSet(ctx, id)
		if err == nil || Refused(err) || wait.For(ctx, time.Second) != nil {
			return err
		}
	}
}

// preview makes a change set for each stack that plans update, which says what they change, and
// deletes it.
func preview(ctx context.Context, plans []Plan) error {
	groups := map[stackQuestion][]int{}
	for i, p := range plans {
		if len(p.Problems) == 0 && p.UpdatesStack() {
			q := stackQuestion{p.Client, p.Observed.Stack.ID}
			groups[q] = append(groups[q], i)
		}
	}
	var all [][]int
	var targets []Target
	for _, indexes := range groups {
		all, targets = append(all, indexes), append(targets, plans[indexes[0]].Target)
	}
	return Each(ctx, targets, func(ctx context.Context, n int) error { return previewOne(ctx, plans, all[n]) })
}

func previewOne(ctx context.Context, plans []Plan, indexes []int) error {
	mates := make([]Plan, len(indexes))
	for n, i := range indexes {
		mates[n] = plans[i]
	}
	change := StackChange{Own: OwnOf(mates)}
	request, err := ChangeOf(mates)
	if err == nil {
		if change.Set, err = MakeChangeSet(ctx, mates[0].Client.Stacks, request); err == nil {
			_ = DropChangeSet(ctx, mates[0].Client.Stacks, change.Set.ID)
		}
	}
	if err != nil && tagboat.KindOf(err) != tagboat.Usage {
		return err
	}
	change.Err = err
	for n, i := range indexes {
		own, observed := change, *plans[i].Observed.Stack
		own.Mate = n > 0
		observed.Change = &own
		before := plans[i]
		before.Observed.Stack = &observed
		plans[i] = NewPlan(before.Target, before.Observed)
		plans[i].Warnings = before.Warnings
	}
	return nil
}

// UpdatesStack reports whether the plan updates a stack.
func (p Plan) UpdatesStack() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { _, ok := s.(UpdateStack); return ok })
}
