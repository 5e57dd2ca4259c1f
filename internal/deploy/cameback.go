package deploy

import (
	"context"
	"slices"

	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// cameBack returns the task definition that a rollback has brought back already: the
// newest deployment succeeded with what had succeeded before one that did not. It returns
// "" where that is not how it was. Deployments are newest first.
func cameBack(deployments []ecs.ServiceDeployment, definitions map[string]string) string {
	if len(deployments) < 3 || deployments[0].Status != "SUCCESSFUL" || deployments[1].Status == "SUCCESSFUL" {
		return ""
	}
	before := slices.IndexFunc(deployments[1:], func(d ecs.ServiceDeployment) bool { return d.Status == "SUCCESSFUL" })
	now := definitions[deployments[0].Target.ARN]
	if before < 0 || definitions[deployments[1+before].Target.ARN] != now {
		return ""
	}
	return now
}

// pinned tells whether a task definition has the versions that are pinned. What cannot be
// read has not.
func pinned(ctx context.Context, t Target, arn string) bool {
	described, err := t.Client.ECS.DescribeTaskDefinition(ctx, arn)
	if err != nil {
		return false
	}
	definition, err := taskdef.FromJSON(described.Record)
	if err != nil {
		return false
	}
	has, err := imagesIn(described, definition, t.Desired.Images)
	return err == nil && slices.EqualFunc(has, t.Desired.Images, func(a, b Image) bool { return a.Pinned.Digest == b.Pinned.Digest })
}
