package deploy

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// History tells what a service ran. ECS remembers ninety days.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
type History interface {
	// ServiceDeployments returns pages of them, newest first; those created before a time,
	// unless that is zero. A page is asked for when it is wanted.
	ServiceDeployments(ctx context.Context, cluster, service string, before time.Time) iter.Seq2[[]ecs.ServiceDeployment, error]
	// ListServiceDeployments returns the ARNs of those that began since a time, newest first.
	ListServiceDeployments(ctx context.Context, cluster, service string, since time.Time) ([]string, error)
	DescribeServiceDeployments(ctx context.Context, arns []string) ([]ecs.ServiceDeployment, error)
	DescribeServiceRevisions(ctx context.Context, arns []string) ([]ecs.ServiceRevision, error)
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
	var left string // the pinned versions run in it, and are left behind
	for good, err := range succeeded(ctx, h, d, time.Time{}) {
		if err != nil {
			return t, err
		}
		if good.TaskDefinition == left || good.has(d.Images, rejected) {
			continue
		}
		if good.newest && good.hasPinned(d.Images) {
			left = good.TaskDefinition
			continue
		}
		candidate, err := t.as(ctx, good.ServiceRevision)
		switch {
		case errors.Is(err, ecs.ErrNotFound):
			continue // somebody deleted the revision
		case good.newest && (tagboat.KindOf(err) == tagboat.Usage || err == nil && samePins(candidate.Desired.Images, d.Images)):
			left = good.TaskDefinition
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
	for good, err := range succeeded(ctx, h, d, at) {
		if err != nil {
			return t, err
		}
		then, err := t.as(ctx, good.ServiceRevision)
		if errors.Is(err, ecs.ErrNotFound) {
			return t, tagboat.Usagef("service %s in %s ran %s at %s, and somebody deleted that since", d.Service, d.Environment, ecs.LastPart(good.TaskDefinition), at.UTC().Format(time.RFC3339)).
				WithHint("pin what was pinned then and deploy it: tagboat pins --env %s --as-of %s", d.Environment, at.UTC().Format(time.RFC3339))
		}
		return then, err
	}
	return t, tagboat.Usagef("ECS does not know what service %s in %s ran at %s", d.Service, d.Environment, at.UTC().Format(time.RFC3339)).
		WithHint("it remembers the deployments of ninety days; pin what was pinned then: tagboat pins --env %s --as-of %s", d.Environment, at.UTC().Format(time.RFC3339))
}

// as returns t with the definition, the images and the settings of a service revision.
func (t Target) as(ctx context.Context, ran ecs.ServiceRevision) (Target, error) {
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

// samePins tells whether a revision has the versions that are pinned.
func samePins(has, pinned []Image) bool {
	for i, image := range has {
		if image.Pinned.Digest != pinned[i].Pinned.Digest {
			return false
		}
	}
	return true
}

// deployed is a service revision that was deployed, well where succeeded returns it.
type deployed struct {
	ecs.ServiceRevision
	newest bool // it is that of the service's newest deployment
}

// digest returns what a container ran, or "" where the service revision does not say.
func (r deployed) digest(container tagboat.ContainerName) tagboat.Digest {
	for _, image := range r.Images {
		if image.Container != string(container) {
			continue
		}
		if ref, err := tagboat.ParseReference(image.Image); err == nil && ref.Digest != "" {
			return ref.Digest
		}
	}
	return ""
}

// has tells whether the revision is known to have a rejected version.
func (r deployed) has(images []Image, rejected Rejected) bool {
	return slices.ContainsFunc(images, func(i Image) bool {
		digest := r.digest(i.Container)
		return digest != "" && rejected(i.Image, digest)
	})
}

// hasPinned tells whether the revision is known to have the versions that are pinned.
func (r deployed) hasPinned(images []Image) bool {
	return !slices.ContainsFunc(images, func(i Image) bool {
		digest := r.digest(i.Container)
		return digest == "" || digest != i.Pinned.Digest
	})
}

// revisionsACall is what DescribeServiceRevisions takes at most.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
const revisionsACall = 20

// succeeded returns what a service ran well, the newest first, and reads no more of it than
// is wanted; that alone which had ended at a time, unless it is zero.
func succeeded(ctx context.Context, h History, d Desired, by time.Time) iter.Seq2[deployed, error] {
	return func(yield func(deployed, error) bool) {
		first := true
		for page, err := range newestFirst(h.ServiceDeployments(ctx, d.Cluster, d.ServiceName, by)) {
			if errors.Is(err, ecs.ErrNotFound) {
				return
			}
			if err != nil {
				yield(deployed{}, fmt.Errorf("reading the deployments of service %q: %w", d.ServiceName, err))
				return
			}
			newest := ""
			if first && len(page) > 0 {
				newest, first = page[0].Target.ARN, false
			}
			page = slices.DeleteFunc(page, func(d ecs.ServiceDeployment) bool {
				return d.Status != ecs.Successful || !by.IsZero() && (d.FinishedAt.IsZero() || d.FinishedAt.After(by))
			})
			for some := range slices.Chunk(page, revisionsACall) {
				if !yieldRevisions(ctx, h, d, some, newest, yield) {
					return
				}
			}
		}
	}
}

// yieldRevisions yields the revisions that deployments brought, and tells whether more are
// wanted.
func yieldRevisions(ctx context.Context, h History, d Desired, deployments []ecs.ServiceDeployment, newest string, yield func(deployed, error) bool) bool {
	revisions, err := revisionsBy(ctx, h, d, deployments)
	if err != nil {
		return yield(deployed{}, err) && false
	}
	for _, deployment := range deployments {
		r, known := revisions[deployment.Target.ARN]
		r.newest = r.ARN == newest
		if known && r.TaskDefinition != "" && !yield(r, nil) {
			return false
		}
	}
	return true
}

// newestFirst returns the pages as they come while they are in order, newest first, which
// AWS documents nowhere. Where they are not, it reads all of them and brings them in order.
func newestFirst(pages iter.Seq2[[]ecs.ServiceDeployment, error]) iter.Seq2[[]ecs.ServiceDeployment, error] {
	order := func(a, b ecs.ServiceDeployment) int { return b.CreatedAt.Compare(a.CreatedAt) }
	return func(yield func([]ecs.ServiceDeployment, error) bool) {
		var rest []ecs.ServiceDeployment
		for page, err := range pages {
			if err == nil && (rest != nil || !slices.IsSortedFunc(page, order)) {
				rest = append(rest, page...)
				continue
			}
			if !yield(page, err) {
				return
			}
		}
		if rest != nil {
			slices.SortStableFunc(rest, order)
			yield(rest, nil)
		}
	}
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
