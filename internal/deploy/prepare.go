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
	err = Each(ctx, targets, func(ctx context.Context, i int) error {
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

func TargetsOf(plans []Plan) []Target {
	targets := make([]Target, len(plans))
	for i, p := range plans {
		targets[i] = p.Target
	}
	return targets
}

// askedBefore puts clients in the place of others that ask each question once.
type askedBefore struct {
	images memo[imageQuestion, bool]
	groups memo[groupQuestion, bool]
}

type imageQuestion struct {
	to    Images
	image tagboat.Reference
}

type groupQuestion struct {
	to   Logs
	name string
}

// client returns c with what Preflight asks remembered.
func (b *askedBefore) client(c *Client) *Client {
	remembering := *c
	remembering.Images = imagesOnce{b, c.Images}
	remembering.Logs = logsOnce{c.Logs, b}
	return &remembering
}

type imagesOnce struct {
	before *askedBefore
	images Images
}

// Exists implements Images.
func (o imagesOnce) Exists(ctx context.Context, image tagboat.Reference) (bool, error) {
	return o.before.images.get(ctx, imageQuestion{o.images, image}, func() (bool, error) { return o.images.Exists(ctx, image) })
}

type logsOnce struct {
	Logs
	before *askedBefore
}

// GroupExists implements Logs.
func (o logsOnce) GroupExists(ctx context.Context, name string) (bool, error) {
	return o.before.groups.get(ctx, groupQuestion{o.Logs, name}, func() (bool, error) { return o.Logs.GroupExists(ctx, name) })
}

var (
	_ Images = imagesOnce{}
	_ Logs   = logsOnce{}
)
