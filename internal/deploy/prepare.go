package deploy

import "context"

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
	for i, t := range targets {
		plans[i] = NewPlan(t, observed[i])
	}
	err = eachAtOnce(ctx, targets, func(ctx context.Context, i int) error {
		if !plans[i].Changes() {
			return nil
		}
		asking := plans[i]
		asking.Client = before.client(asking.Client)
		problems, err := Preflight(ctx, asking)
		plans[i].Problems = append(plans[i].Problems, problems...)
		return err
	})
	return plans, err
}
