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

// Rejected tells whether a version of an image is known to be bad.
type Rejected func(image tagboat.ImageName, version tagboat.Digest) bool

// LastGood returns t with the definition and the images that its service ran last and
// well: those of the newest deployment that succeeded, unless that is what is pinned, and
// else of the newest one before it that ran something else. So where the pins are ahead of
// what runs, since somebody has gone back already, that is the answer. What has a rejected
// version in it is passed over. An error of kind Usage says that there is nothing.
func LastGood(ctx context.Context, h History, t Target, rejected Rejected) (Target, error) {
	d := t.Desired
	good, err := succeeded(ctx, h, d, time.Time{})
	if err != nil {
		return t, err
	}
	var left string // the pinned versions run in it, and are left behind
	for i, definition := range good {
		if definition == "" || definition == left {
			continue
		}
		candidate, err := t.as(ctx, definition)
		switch {
		case errors.Is(err, ecs.ErrNotFound):
			continue // somebody deleted the revision
		case i == 0 && (tagboat.KindOf(err) == tagboat.Usage || err == nil && samePins(candidate.Desired.Images, d.Images)):
			left = definition
			continue
		case err != nil:
			return t, err
		}
		if !slices.ContainsFunc(candidate.Desired.Images, func(image Image) bool { return rejected(image.Image, image.Pinned.Digest) }) {
			return candidate, nil
		}
	}
	return t, tagboat.Usagef("service %s in %s ran nothing well before that it could go back to", d.Service, d.Environment).
		WithHint("pin a version that is good and deploy it, or stop the service: aws ecs update-service --cluster %s --service %s --desired-count 0", d.Cluster, d.ServiceName)
}

// GoodAt returns t with the definition and the images that its service ran at a time, by
// AWS's clock: those of the last deployment that had succeeded by then. An error of kind
// Usage says that ECS knows of none.
func GoodAt(ctx context.Context, h History, t Target, at time.Time) (Target, error) {
	d := t.Desired
	good, err := succeeded(ctx, h, d, at)
	if err != nil {
		return t, err
	}
	for _, definition := range good {
		if definition != "" {
			return t.as(ctx, definition)
		}
	}
	return t, tagboat.Usagef("ECS does not know what service %s in %s ran at %s", d.Service, d.Environment, at.UTC().Format(time.RFC3339)).
		WithHint("it remembers the deployments of ninety days; pin what was pinned then: tagboat pins --env %s --as-of %s", d.Environment, at.UTC().Format(time.RFC3339))
}

// as returns t with the definition and the images of a revision.
func (t Target) as(ctx context.Context, revision string) (Target, error) {
	// The name is asked for, not the ARN: what an ARN stood for may be remembered.
	described, err := t.Client.ECS.DescribeTaskDefinition(ctx, ecs.LastPart(revision))
	if err != nil {
		return t, fmt.Errorf("reading task definition %q: %w", revision, err)
	}
	definition, err := taskdef.FromJSON(described.Record)
	if err != nil {
		return t, fmt.Errorf("reading task definition %q: %w", revision, err)
	}
	t.Desired.Definition, t.Desired.LeftOut = taskdef.Input(definition)
	t.Desired.Revision = described.ARN
	t.Desired.Images, err = imagesIn(described, definition, t.Desired.Images)
	return t, err
}

// samePins tells whether a revision has the versions that are pinned.
func samePins(has, pinned []Image) bool {
	for i, image := range has {
		if image.Pinned.Digest != pinned[i].Pinned.Digest {
			return false
		}
	}
	return true
}

// succeeded returns the task definitions that a service ran, the newest first, each once
// for each of its deployments, and "" for a deployment that did not succeed; those alone
// that had ended at a time, unless it is zero.
func succeeded(ctx context.Context, h History, d Desired, by time.Time) ([]string, error) {
	arns, err := h.ListServiceDeployments(ctx, d.Cluster, d.ServiceName, time.Time{})
	if errors.Is(err, ecs.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the deployments of service %q: %w", d.ServiceName, err)
	}
	deployments, err := h.DescribeServiceDeployments(ctx, arns)
	if err != nil {
		return nil, fmt.Errorf("reading the deployments of service %q: %w", d.ServiceName, err)
	}
	deployments = slices.DeleteFunc(deployments, func(d ecs.ServiceDeployment) bool {
		return !by.IsZero() && (d.FinishedAt.IsZero() || d.FinishedAt.After(by))
	})
	slices.SortStableFunc(deployments, func(a, b ecs.ServiceDeployment) int { return b.CreatedAt.Compare(a.CreatedAt) })
	var revisions []string
	for _, deployment := range deployments {
		revisions = append(revisions, deployment.Target.ARN)
	}
	definitions, err := h.ServiceRevisions(ctx, revisions)
	if err != nil {
		return nil, fmt.Errorf("reading the revisions of service %q: %w", d.ServiceName, err)
	}
	good := make([]string, len(deployments))
	for i, deployment := range deployments {
		if deployment.Status == "SUCCESSFUL" {
			good[i] = definitions[deployment.Target.ARN]
		}
	}
	return good, nil
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
			return nil, tagboat.Usagef("%s has no container %s", ecs.LastPart(revision.ARN), image.Container).
				WithHint("pin the versions that are good and deploy them")
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
