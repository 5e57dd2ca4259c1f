package deploy

import (
	"context"
	"fmt"

	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// usable returns the revision, or a new one equal to it where it was deregistered
// meanwhile: ECS starts no deployment of an INACTIVE one.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html
func (a *applier) usable(ctx context.Context, arn string) (string, error) {
	// The name is asked for, not the ARN: what an ARN stood for may be remembered.
	described, err := a.client.ECS.DescribeTaskDefinition(ctx, ecs.LastPart(arn))
	if err != nil {
		return "", fmt.Errorf("reading task definition %q: %w", arn, err)
	}
	if described.Status == "ACTIVE" {
		return arn, nil
	}
	definition, err := taskdef.FromJSON(described.Record)
	if err != nil {
		return "", fmt.Errorf("reading task definition %q: %w", arn, err)
	}
	again := applier{client: a.client, desired: Desired{Definition: definition}, registrations: a.registrations}
	return again.register(ctx, Register{Family: described.Family, Input: definition.JSON()})
}
