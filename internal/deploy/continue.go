package deploy

import (
	"context"
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Pauses answers the PAUSE hooks of deployments.
type Pauses interface {
	DescribeServiceDeployments(ctx context.Context, arns []string) ([]ecs.ServiceDeployment, error)
	ContinueServiceDeployment(ctx context.Context, arn, hookID string, rollback bool) error
}

// Continue lets the deployment under way of a service go on from where it waits or, with
// rollback, go back. It returns the stage in which it waited. That nothing waits is an
// error of kind Usage.
func Continue(ctx context.Context, p Pauses, t Target, rollback bool) (stage string, err error) {
	observed, err := look(ctx, []Target{t}, func(context.Context, Target, *Observed) error { return nil })
	if err != nil {
		return "", err
	}
	nothing := tagboat.Usagef("no deployment of service %s in %s waits to be continued", t.Desired.Service, t.Desired.Environment).
		WithHint("tagboat status --env %s shows how it stands", t.Desired.Environment)
	if observed[0].Service == nil {
		return "", nothing
	}
	current := readServiceRecord(*observed[0].Service).Current
	if current == "" {
		return "", nothing
	}
	deployments, err := p.DescribeServiceDeployments(ctx, []string{current})
	if err != nil {
		return "", fmt.Errorf("reading the deployment under way of service %q: %w", t.Desired.ServiceName, err)
	}
	if len(deployments) == 0 || len(deployments[0].Waiting()) == 0 {
		return "", nothing
	}
	for _, hook := range deployments[0].Waiting() {
		err := persist(ctx, true, func() error { return p.ContinueServiceDeployment(ctx, current, hook.ID, rollback) },
			func() (bool, error) { return passed(ctx, p, current, hook.ID) })
		if err != nil {
			return "", fmt.Errorf("continuing the deployment of service %q: %w", t.Desired.ServiceName, err)
		}
	}
	return deployments[0].LifecycleStage, nil
}

// passed reports whether a hook of a deployment does not wait any more.
func passed(ctx context.Context, p Pauses, arn, hook string) (bool, error) {
	now, err := p.DescribeServiceDeployments(ctx, []string{arn})
	if err != nil || len(now) == 0 {
		return false, err
	}
	return !slices.ContainsFunc(now[0].Waiting(), func(h ecs.LifecycleHook) bool { return h.ID == hook }), nil
}
