package status

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Rejected reports whether a version of an image is known to be bad.
type Rejected func(image tagboat.ImageName, version tagboat.Digest) bool

// Nothing is wrapped by the error that a service ran nothing that it could go back to.
type Nothing struct{}

// Error implements error.
func (Nothing) Error() string { return "nothing to go back to" }

// nothing returns an error of kind Usage that wraps Nothing.
func nothing(format string, args ...any) *tagboat.Error {
	e := tagboat.Usagef(format, args...)
	e.Err = Nothing{}
	return e
}

// LastGood returns t with the definition and the images that its service ran last and
// well: those of the newest deployment that succeeded, unless that is what is pinned, and
// else of the newest one before it that ran something else. So where the pins are ahead of
// what runs, since somebody has gone back already, that is the answer. What has a rejected
// version in it is passed over. An error of kind Usage says that there is nothing.
func LastGood(ctx context.Context, h deploy.History, t deploy.Target, rejected Rejected) (deploy.Target, error) {
	d := t.Desired
	var left string // the pinned versions run in it, and are left behind
	for good, err := range deploy.RanWell(ctx, h, d, time.Time{}) {
		if err != nil {
			return t, err
		}
		if good.TaskDefinition == left || has(good, d.Images, rejected) {
			continue
		}
		if good.Newest && good.HasPinned(d.Images) {
			left = good.TaskDefinition
			continue
		}
		candidate, err := as(ctx, t, good.ServiceRevision)
		switch {
		case errors.Is(err, ecs.ErrNotFound):
			continue // somebody deleted the revision
		case good.Newest && (tagboat.KindOf(err) == tagboat.Usage || err == nil && samePins(candidate.Desired.Images, d.Images)):
			left = good.TaskDefinition
			continue
		case err != nil:
			return t, err
		}
		if !slices.ContainsFunc(candidate.Desired.Images, func(image deploy.Image) bool { return rejected(image.Image, image.Pinned.Digest) }) {
			return candidate, nil
		}
	}
	return t, nothing("service %s in %s ran nothing well before that it could go back to", d.Service, d.Environment).
		WithHint("pin a version that is good and deploy it, or stop the service: aws ecs update-service --cluster %s --service %s --desired-count 0", d.Cluster, d.ServiceName)
}

// GoodAt returns t with the definition and the images that its service ran at a time, by
// AWS's clock: those of the last deployment that had succeeded by then. An error of kind
// Usage says that ECS knows of none.
func GoodAt(ctx context.Context, h deploy.History, t deploy.Target, at time.Time) (deploy.Target, error) {
	d := t.Desired
	for good, err := range deploy.RanWell(ctx, h, d, at) {
		if err != nil {
			return t, err
		}
		then, err := as(ctx, t, good.ServiceRevision)
		if errors.Is(err, ecs.ErrNotFound) {
			return t, tagboat.Usagef("service %s in %s ran %s at %s, and somebody deleted that since", d.Service, d.Environment, ecs.LastPart(good.TaskDefinition), at.UTC().Format(time.RFC3339)).
				WithHint("pin what was pinned then and deploy it: tagboat pins --env %s --as-of %s", d.Environment, at.UTC().Format(time.RFC3339))
		}
		return then, err
	}
	return t, nothing("ECS does not know what service %s in %s ran at %s", d.Service, d.Environment, at.UTC().Format(time.RFC3339)).
		WithHint("it remembers the deployments of ninety days; pin what was pinned then: tagboat pins --env %s --as-of %s", d.Environment, at.UTC().Format(time.RFC3339))
}

// as returns t with the definition, the images and the settings of a service revision.
func as(ctx context.Context, t deploy.Target, ran ecs.ServiceRevision) (deploy.Target, error) {
	revision := ran.TaskDefinition
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
	t.Desired.Revision, t.Desired.Former = described.ARN, ran.Record
	t.Desired.Images, err = imagesIn(described, definition, t.Desired.Images)
	return t, err
}

// samePins reports whether a revision has the versions that are pinned.
func samePins(has, pinned []deploy.Image) bool {
	for i, image := range has {
		if image.Pinned.Digest != pinned[i].Pinned.Digest {
			return false
		}
	}
	return true
}

// imagesIn returns the images with the versions that a revision has.
func imagesIn(revision ecs.TaskDefinition, definition taskdef.Definition, images []deploy.Image) ([]deploy.Image, error) {
	r, err := deploy.ReadContents(revision.Record)
	if err != nil {
		return nil, err
	}
	images = slices.Clone(images)
	for i, image := range images {
		at := slices.IndexFunc(r.Containers, func(c deploy.Container) bool { return c.Name == string(image.Container) })
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

// has reports whether the revision is known to have a rejected version.
func has(r deploy.PastRevision, images []deploy.Image, rejected Rejected) bool {
	return slices.ContainsFunc(images, func(i deploy.Image) bool {
		digest := r.Digest(i.Container)
		return digest != "" && rejected(i.Image, digest)
	})
}
