package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// History tells what a service ran. ECS remembers ninety days.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
type History interface {
	// ListServiceDeployments returns ARNs, newest first.
	ListServiceDeployments(ctx context.Context, cluster, service string, since time.Time) ([]string, error)
	DescribeServiceDeployments(ctx context.Context, arns []string) ([]ecs.ServiceDeployment, error)
	// ServiceRevisions returns the ARNs of their task definitions.
	ServiceRevisions(ctx context.Context, arns []string) (map[string]string, error)
}

// LastGood returns t with the definition and the images that its service ran last and
// well: those of the newest deployment that succeeded, if what came after it did not; and
// else of the newest one before it that ran something else. What was rolled back, by ECS
// or by us, is therefore what runs already, as long as another version is pinned. An error
// of kind Usage says that nothing did.
func LastGood(ctx context.Context, h History, t Target) (Target, error) {
	good, err := lastGood(ctx, h, t)
	if err != nil {
		return t, err
	}
	// The name is asked for, not the ARN: what an ARN stood for may be remembered.
	described, err := t.Client.ECS.DescribeTaskDefinition(ctx, ecs.LastPart(good))
	if err != nil {
		return t, fmt.Errorf("reading task definition %q: %w", good, err)
	}
	definition, err := taskdef.FromJSON(described.Record)
	if err != nil {
		return t, fmt.Errorf("reading task definition %q: %w", good, err)
	}
	t.Desired.Definition = definition
	t.Desired.Images, err = imagesIn(described, definition, t.Desired.Images)
	return t, err
}

func lastGood(ctx context.Context, h History, t Target) (string, error) {
	d := t.Desired
	nothing := tagboat.Usagef("service %s in %s ran nothing well before that it could go back to", d.Service, d.Environment).
		WithHint("pin a version that is good and deploy it, or stop the service: aws ecs update-service --cluster %s --service %s --desired-count 0", d.Cluster, d.ServiceName)
	arns, err := h.ListServiceDeployments(ctx, d.Cluster, d.ServiceName, time.Time{})
	if errors.Is(err, ecs.ErrNotFound) || err == nil && len(arns) == 0 {
		return "", nothing
	}
	if err != nil {
		return "", fmt.Errorf("reading the deployments of service %q: %w", d.ServiceName, err)
	}
	deployments, err := h.DescribeServiceDeployments(ctx, arns)
	if err != nil {
		return "", fmt.Errorf("reading the deployments of service %q: %w", d.ServiceName, err)
	}
	slices.SortStableFunc(deployments, func(a, b ecs.ServiceDeployment) int { return b.CreatedAt.Compare(a.CreatedAt) })
	var revisions []string
	for _, deployment := range deployments {
		revisions = append(revisions, deployment.Target.ARN)
	}
	definitions, err := h.ServiceRevisions(ctx, revisions)
	if err != nil {
		return "", fmt.Errorf("reading the revisions of service %q: %w", d.ServiceName, err)
	}
	if good := cameBack(deployments, definitions); good != "" && !pinned(ctx, t, good) {
		return good, nil
	}
	if good := choose(deployments, definitions); good != "" {
		return good, nil
	}
	return "", nothing
}

// choose returns the task definition to go back to, or "". Deployments are newest first.
func choose(deployments []ecs.ServiceDeployment, definitions map[string]string) string {
	var left string // what is left behind because it is what runs well now
	for i, d := range deployments {
		definition := definitions[d.Target.ARN]
		switch {
		case d.Status != "SUCCESSFUL" || definition == "":
		case i == 0:
			left = definition
		case definition != left:
			return definition
		}
	}
	return ""
}

// imagesIn returns the images with the versions that a revision has.
func imagesIn(revision ecs.TaskDefinition, definition taskdef.Definition, images []Image) ([]Image, error) {
	r, err := readRecord(revision.Record)
	if err != nil {
		return nil, err
	}
	images = slices.Clone(images)
	for i, image := range images {
		at := slices.IndexFunc(r.Containers, func(c containerRecord) bool { return c.Name == string(image.Container) })
		if at < 0 {
			return nil, fmt.Errorf("%s has no container %s", ecs.LastPart(revision.ARN), image.Container)
		}
		ref, err := tagboat.ParseReference(r.Containers[at].Image)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ecs.LastPart(revision.ARN), err)
		}
		if ref.Digest == "" {
			return nil, tagboat.Usagef("%s runs %s, which is not pinned by digest", ecs.LastPart(revision.ARN), ref).
				WithHint("pin the version that is good: tagboat pin %s=TAG", image.Image)
		}
		if tag := definition.Label(image.Container, taskdef.LabelTag); tag != "" {
			ref.Tag = tag
		}
		images[i].Pinned = ref
	}
	return images, nil
}
