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
	observed, err := look(ctx, targets, lookForEqual)
	if err != nil {
		return nil, err
	}
	plans := make([]Plan, len(targets))
	var before askedBefore
	for i, t := range targets {
		plans[i] = NewPlan(t, observed[i])
	}
	parameters := askForParameters(ctx, plans)
	err = eachAtOnce(ctx, targets, func(ctx context.Context, i int) error {
		if err := confirm(ctx, &plans[i]); err != nil {
			return err
		}
		asking := plans[i]
		asking.Client = before.client(asking.Client)
		found, err := preflight(ctx, asking, parameters[targets[i].Client])
		plans[i].Problems = append(plans[i].Problems, found.problems...)
		plans[i].Warnings = append(plans[i].Warnings, found.warnings...)
		return err
	})
	return plans, err
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
	now, err := describeNow(ctx, p.Client, p.Observed.Current.ARN)
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

// Ready makes sure of the revisions that plans deploy, and registers those that are to be,
// so that what ECS refuses of them shows before anything runs otherwise. The plans then use
// them. An error that says that ECS refused is of kind Usage.
func Ready(ctx context.Context, plans []Plan) error {
	shared := newRegistrations()
	return eachAtOnce(ctx, targetsOf(plans), func(ctx context.Context, i int) error {
		p := &plans[i]
		a := applier{client: p.Client, desired: p.Desired, observed: p.Observed, registrations: shared}
		for n, step := range p.Steps {
			var err error
			switch s := step.(type) {
			case Register:
				a.definition, err = a.register(ctx, s)
			case Reuse:
				a.definition, err = a.usable(ctx, s.ARN)
			default:
				continue
			}
			if errors.Is(err, ecs.ErrNotDone) {
				return tagboat.Usagef("%s in %s cannot be deployed: %s", p.Desired.Service, p.Desired.Environment, err)
			}
			if err != nil {
				return err
			}
			p.Steps[n] = Reuse{ARN: a.definition}
		}
		return nil
	})
}

func targetsOf(plans []Plan) []Target {
	targets := make([]Target, len(plans))
	for i, p := range plans {
		targets[i] = p.Target
	}
	return targets
}
