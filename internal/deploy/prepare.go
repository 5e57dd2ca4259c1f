package deploy

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// Prepare looks at ECS and plans every target, in their order, and checks what the
// plans that change something need. It changes nothing. An error means that it could
// not look; what it found wrong stands in the plans as Problems.
func Prepare(ctx context.Context, targets []Target) ([]Plan, error) {
	observed, err := look(ctx, targets, lookForEqual)
	if err != nil {
		return nil, err
	}
	plans := make([]Plan, len(targets))
	var before askedBefore
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(looksAtOnce)
	for i, t := range targets {
		plans[i] = NewPlan(t, observed[i])
		if !plans[i].Changes() {
			continue
		}
		group.Go(func() error {
			asking := plans[i]
			asking.Client = before.client(asking.Client)
			problems, err := Preflight(ctx, asking)
			plans[i].Problems = append(plans[i].Problems, problems...)
			return err
		})
	}
	return plans, group.Wait()
}
