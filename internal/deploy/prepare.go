package deploy

import (
	"context"
	"errors"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Prepare looks at ECS and plans every target, in their order, and checks what the
// plans that change something need. It changes nothing. An error means that it could
// not look; what it found wrong stands in the plans as Problems, and what it could not
// check as Warnings.
func Prepare(ctx context.Context, targets []Target) ([]Plan, error) {
	observed, err := look(ctx, targets, lookForWanted)
	if err != nil {
		return nil, err
	}
	plans := make([]Plan, len(targets))
	var once lookups
	for i, t := range targets {
		plans[i] = NewPlan(t, observed[i])
	}
	secrets := askForSecrets(ctx, plans, Plan.Changes)
	err = Each(ctx, targets, func(ctx context.Context, i int) error {
		if err := confirm(ctx, &plans[i]); err != nil {
			return err
		}
		return plans[i].found(preflight(ctx, plans[i], &once, secrets[targets[i].Client], plans[i].Changes()))
	})
	if err == nil {
		err = preview(ctx, plans)
		unordered(plans)
		unknown(plans)
	}
	return plans, err
}

// lookForWanted looks for what would bring what is wanted: a revision, or the stack.
func lookForWanted(ctx context.Context, t Target, o *Observed) error {
	if t.Desired.Stack != nil {
		return lookAtStack(ctx, t, o)
	}
	return lookForEqual(ctx, t, o)
}

// lookAtStacks looks at stacks, and at nothing else.
func lookAtStacks(ctx context.Context, t Target, o *Observed) error {
	if t.Desired.Stack != nil {
		return lookAtStack(ctx, t, o)
	}
	return nil
}

// found adds what a check found to a plan.
func (p *Plan) found(f findings, err error) error {
	p.Problems, p.Warnings = append(p.Problems, f.problems...), append(p.Warnings, f.warnings...)
	return err
}

// Proofs find out whether targets could be deployed, whatever runs now. They look for each image
// and each log group once. The zero value is ready; they are safe for concurrent use.
type Proofs struct{ once lookups }

// Prove looks at ECS and plans every target, in their order, and checks what each needs, also of
// those that ECS runs already. What was found wrong stands in the plans.
func (p *Proofs) Prove(ctx context.Context, targets []Target) ([]Plan, error) {
	observed, err := look(ctx, targets, lookAtStacks)
	if err != nil {
		return nil, err
	}
	plans := make([]Plan, len(targets))
	for i, t := range targets {
		plans[i] = NewPlan(t, observed[i])
	}
	secrets := askForSecrets(ctx, plans, func(Plan) bool { return true })
	err = Each(ctx, targets, func(ctx context.Context, i int) error {
		return plans[i].found(preflight(ctx, plans[i], &p.once, secrets[targets[i].Client], true))
	})
	return plans, err
}

// Image reports whether an image is in its registry.
func (p *Proofs) Image(ctx context.Context, in Images, image tagboat.Reference) (bool, error) {
	return p.once.image(ctx, in, image)
}

// confirm makes sure of a plan that keeps the task definition in use and changes the
// service: where that was deregistered meanwhile, ECS does not take it any more, so
// another revision has a step of its own.
func confirm(ctx context.Context, p *Plan) error {
	if len(p.Steps) != 1 || p.Observed.Current == nil {
		return nil
	}
	if _, updates := p.Steps[0].(UpdateService); !updates {
		return nil
	}
	now, err := DescribeNow(ctx, p.Client, p.Observed.Current.ARN)
	gone := errors.Is(err, ecs.ErrNotFound)
	if err != nil && !gone || now.Status == ecs.Active {
		return err
	}
	current := *p.Observed.Current
	current.Status = ecs.Inactive
	observed := p.Observed
	observed.Current, observed.read = &current, &definitions{}
	err = lookForEqual(ctx, p.Target, &observed)
	observed.read = nil
	*p = NewPlan(p.Target, observed)
	return err
}

// TargetsOf returns the targets of plans, in their order.
func TargetsOf(plans []Plan) []Target {
	targets := make([]Target, len(plans))
	for i, p := range plans {
		targets[i] = p.Target
	}
	return targets
}

// lookups look for each image and each log group once, so that a hundred services with the
// same image ask for it once.
type lookups struct {
	images memo[imageLookup, bool]
	groups memo[groupLookup, bool]
}

type imageLookup struct {
	in    Images
	image tagboat.Reference
}

type groupLookup struct {
	in   Logs
	name string
}

func (l *lookups) image(ctx context.Context, in Images, image tagboat.Reference) (bool, error) {
	return l.images.get(ctx, imageLookup{in, image}, func() (bool, error) { return in.Exists(ctx, image) })
}

func (l *lookups) group(ctx context.Context, in Logs, name string) (bool, error) {
	return l.groups.get(ctx, groupLookup{in, name}, func() (bool, error) { return in.GroupExists(ctx, name) })
}
