package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/tagboat/tagboat/internal/ecs"
)

// definitions reads task definitions for one look, each once, however many services
// have it.
type definitions struct {
	asked asked[definitionQuestion, *ecs.TaskDefinition]
}

type definitionQuestion struct {
	to *Client
	id string
}

// describe returns a task definition; one that does not exist, or was deleted for good,
// is nil. Whoever gets one must not change it.
func (d *definitions) describe(ctx context.Context, t Target, id string) (*ecs.TaskDefinition, error) {
	return d.asked.once(ctx, definitionQuestion{t.Client, id}, func() (*ecs.TaskDefinition, error) {
		if d, ok := t.remembered(id); ok {
			return &d, nil
		}
		described, err := t.Client.ECS.DescribeTaskDefinition(ctx, id)
		if errors.Is(err, ecs.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading task definition %q: %w", id, err)
		}
		return &described, nil
	})
}

// remembered returns a revision by its ARN where that takes no call.
func (t Target) remembered(arn string) (ecs.TaskDefinition, bool) {
	return t.Client.ECS.Remembered(arn, t.Desired.Definition.JSON())
}
