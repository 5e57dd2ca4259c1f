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

// Rejected is what is known to be bad of a service.
type Rejected interface {
	Version(image tagboat.ImageName, version tagboat.Digest) bool
	Revision(definition string) bool // family:revision of a task definition
}

// Back is what a service goes back to.
type Back struct {
	deploy.Target
	Since   time.Time           // when what it goes back to was deployed
	Brought deploy.PastRevision // what the service's newest deployment brought, well or not
}

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
// what runs, since somebody has gone back already, that is the answer. What was rejected, or
// has a rejected version in it, is passed over. An error of kind Usage says that there is
// nothing, and wraps Nothing.
//
// Of a rollback that was begun and is not finished, the newest deployment is the answer
// where that has gone back already: what it took the place of is rejected, and ran after it.
func LastGood(ctx context.Context, h deploy.History, t deploy.Target, rejected Rejected, unfinished bool) (Back, error) {
	d := t.Desired
	l := look{target: t, rejected: rejected}
	for past, err := range deploy.Deployed(ctx, h, d, time.Time{}) {
		if err != nil {
			return Back{Target: t}, err
		}
		back, found, err := l.at(ctx, past, unfinished)
		if found || err != nil {
			back.Brought = l.newest
			return back, err
		}
	}
	return Back{Target: t, Brought: l.newest}, nothing("service %s in %s has no earlier good version to go back to", d.Service, d.Environment).
		WithHint("pin a version that is good and deploy it, or stop the service: aws ecs update-service --cluster %s --service %s --desired-count 0", d.Cluster, d.ServiceName)
}

// look goes from the newest deployment of a service to older ones.
type look struct {
	target   deploy.Target
	rejected Rejected
	seen     int
	newest   deploy.PastRevision
	left     string // the task definition that is pinned and runs, which is left behind
	tookBad  bool   // the newest deployment took the place of what is rejected
}

// at looks at one deployment, and reports whether it is what the service goes back to.
func (l *look) at(ctx context.Context, past deploy.PastRevision, unfinished bool) (Back, bool, error) {
	images, bad := l.target.Desired.Images, l.bad(past)
	l.seen++
	switch l.seen {
	case 1:
		l.newest = past
	case 2:
		l.tookBad = bad
	}
	switch {
	case !past.Well:
		return Back{}, false, nil
	case past.TaskDefinition == l.left:
		if !unfinished || !l.tookBad {
			return Back{}, false, nil
		}
		target, err := as(ctx, l.target, l.newest.ServiceRevision)
		return Back{Target: target, Since: l.newest.CreatedAt}, true, err
	case bad:
		return Back{}, false, nil
	case past.Newest && past.HasPinned(images):
		l.left = past.TaskDefinition
		return Back{}, false, nil
	}
	candidate, err := as(ctx, l.target, past.ServiceRevision)
	switch {
	case errors.Is(err, ecs.ErrNotFound):
		return Back{}, false, nil // somebody deleted the revision
	case past.Newest && (tagboat.KindOf(err) == tagboat.Usage || err == nil && samePins(candidate.Desired.Images, images)):
		l.left = past.TaskDefinition
		return Back{}, false, nil
	case err != nil:
		return Back{Target: l.target}, false, err
	}
	good := !slices.ContainsFunc(candidate.Desired.Images, func(image deploy.Image) bool { return l.rejected.Version(image.Image, image.Pinned.Digest) })
	return Back{Target: candidate, Since: past.CreatedAt}, good, nil
}

// bad reports whether a revision is rejected, or known to have a rejected version.
func (l *look) bad(r deploy.PastRevision) bool {
	return l.rejected.Revision(ecs.LastPart(r.TaskDefinition)) || slices.ContainsFunc(l.target.Desired.Images, func(i deploy.Image) bool {
		digest := r.Digest(i.Container)
		return digest != "" && l.rejected.Version(i.Image, digest)
	})
}

// GoodAt returns t with the definition and the images that its service ran at a time, by
// AWS's clock: those of the last deployment that had succeeded by then. An error of kind
// Usage says that ECS knows of none, and wraps Nothing.
func GoodAt(ctx context.Context, h deploy.History, t deploy.Target, at time.Time) (Back, error) {
	d := t.Desired
	for good, err := range deploy.RanWell(ctx, h, d, at) {
		if err != nil {
			return Back{Target: t}, err
		}
		then, err := as(ctx, t, good.ServiceRevision)
		if errors.Is(err, ecs.ErrNotFound) {
			return Back{Target: t}, tagboat.Usagef("service %s in %s ran %s at %s, and somebody deleted that since", d.Service, d.Environment, ecs.LastPart(good.TaskDefinition), at.UTC().Format(time.RFC3339)).
				WithHint("pin what was pinned then and deploy it: tagboat pins --env %s --as-of %s", d.Environment, at.UTC().Format(time.RFC3339))
		}
		return Back{Target: then, Since: good.CreatedAt}, err
	}
	return Back{Target: t}, nothing("ECS does not know what service %s in %s ran at %s", d.Service, d.Environment, at.UTC().Format(time.RFC3339)).
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
		if tag := definition.Tag(image.Container); tag != "" {
			ref.Tag = tag
		}
		images[i].Pinned = ref
	}
	return images, nil
}
