package rollout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// usable returns the revision while it is ACTIVE. ECS starts no deployment of one that was
// deregistered, so then it is an equal one of the same family, registered now unless
// somebody did since.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html
func (a *applier) usable(ctx context.Context, arn string) (string, error) {
	remembered, known := deploy.Target{Client: a.client, Desired: a.desired}.Cached(arn)
	described, err := deploy.DescribeNow(ctx, a.client, arn)
	switch {
	case err == nil && described.Status == ecs.Active:
		return arn, nil
	case errors.Is(err, ecs.ErrNotFound) && known:
		described = remembered // deleted for good, and what was in it is known all the same
	case err != nil:
		return "", err
	}
	definition, err := taskdef.FromJSON(described.Record)
	if err != nil {
		return "", fmt.Errorf("reading task definition %q: %w", arn, err)
	}
	input, left := taskdef.Input(definition)
	again, err := a.again(ctx, input, described)
	if err == nil {
		a.instead = fmt.Sprintf("%s (equal to %s, which was deregistered", ecs.LastPart(again), ecs.LastPart(arn))
		if len(left) > 0 {
			a.instead += fmt.Sprintf("; %s, which ECS answers of it, cannot be registered again", strings.Join(left, ", "))
		}
		a.instead += ")"
	}
	return again, err
}

// reuse is usable of a step, whose revision may have been found to be ACTIVE a moment ago.
func (a *applier) reuse(ctx context.Context, s deploy.Reuse) (string, error) {
	if time.Since(s.Seen) < takenUntil {
		return s.ARN, nil
	}
	return a.usable(ctx, s.ARN)
}

// again returns an ACTIVE revision equal to one that is not any more.
func (a *applier) again(ctx context.Context, input taskdef.Definition, gone ecs.TaskDefinition) (string, error) {
	found, err := deploy.EqualAfter(ctx, deploy.Target{Client: a.client, Desired: deploy.Desired{Definition: input}}, gone.Revision)
	if err != nil {
		return "", err
	}
	if found != nil {
		return found.ARN, nil
	}
	registering := applier{client: a.client, desired: deploy.Desired{Definition: input}, registrations: a.registrations}
	return registering.register(ctx, deploy.Register{Family: gone.Family, Input: input.JSON()})
}

// ready carries out those steps that bring a revision, and leaves their outcome in their place.
func (a *applier) ready(ctx context.Context, steps []deploy.Step) (err error) {
	for n, step := range steps {
		switch s := step.(type) {
		case deploy.Register:
			a.definition, err = a.register(ctx, s)
		case deploy.Reuse:
			a.definition, err = a.reuse(ctx, s)
		default:
			continue
		}
		if errors.Is(err, ecs.ErrNotDone) {
			return tagboat.Usagef("%s in %s cannot be deployed: %s", a.desired.Service, a.desired.Environment, err)
		}
		if err != nil {
			return err
		}
		steps[n] = deploy.Reuse{ARN: a.definition, Seen: time.Now()}
	}
	return nil
}
