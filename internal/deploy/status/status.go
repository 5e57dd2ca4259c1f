package deploy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Survey looks at ECS and returns the status of every target, in their order.
func Survey(ctx context.Context, targets []Target) ([]tagboat.ServiceStatus, error) {
	observed, err := look(ctx, targets, lookAtTasks)
	if err != nil {
		return nil, err
	}
	statuses := make([]tagboat.ServiceStatus, len(targets))
	return statuses, eachAtOnce(ctx, targets, func(ctx context.Context, i int) error {
		statuses[i] = Status(targets[i].Desired, observed[i], targets[i].Client.now())
		if v := verdictOnPinned(ctx, targets[i], observed[i], statuses[i]); v != "" {
			statuses[i].Verdict = v
		}
		return nil
	})
}

// verdictOnPinned returns the verdict on what brought the pinned versions where others run,
// steadily: the deployment in place has one of its own, and that says nothing of them. It
// is "" where there is none, or ECS's history cannot be read, without which all else
// is as true.
func verdictOnPinned(ctx context.Context, t Target, o Observed, s tagboat.ServiceStatus) tagboat.Verdict {
	others := func(i tagboat.ImageState) bool { return i.Running != "" && i.Pinned != "" && i.Running != i.Pinned }
	if s.Verdict != tagboat.VerdictSucceeded || !slices.ContainsFunc(s.Images, others) {
		return ""
	}
	judge, err := brought(ctx, Plan{Target: t, Observed: o})
	switch {
	case err != nil || judge == nil:
		return ""
	case judge.Record.Status == ecs.RollbackSuccessful, judge.Record.Status == ecs.Stopped && judge.Back:
		return tagboat.VerdictRolledBack
	case judge.Record.Status == ecs.RollbackFailed:
		return tagboat.VerdictFailed
	case judge.Record.Status == ecs.Stopped && !judge.Newest:
		return tagboat.VerdictSuperseded
	default:
		return ""
	}
}

// Status compares what should run with what ECS has and what runs. It reads Tasks of
// the observation, not Candidates. now is the time of AWS's clock, for the age.
func Status(d Desired, o Observed, now time.Time) tagboat.ServiceStatus {
	s := tagboat.ServiceStatus{
		Environment: d.Environment,
		Stage:       d.Stage,
		Tenant:      d.Tenant,
		Service:     d.Service,
		Images:      imageStates(d.Images, nil),
		Drift:       []string{},
		State:       "missing",
	}
	primary, ok := o.primary()
	if !ok {
		if o.Service != nil {
			s.State = "inactive"
		}
		return s
	}
	s.State, s.Verdict = stateOf(*o.Service, primary)
	s.Images = withRunningTags(imageStates(d.Images, o.Tasks), o)
	s.Healthy, s.Desired = healthy(o.Tasks), o.Service.Desired
	s.AgeSeconds = max(0, int64(now.Sub(primary.CreatedAt).Seconds()))
	s.Drift = append(s.Drift, drift(d, o, s.Images)...)
	return s
}

// stateOf names the state of a service, and the verdict on its PRIMARY deployment
// where it has ended.
func stateOf(s ecs.Service, primary ecs.Deployment) (string, tagboat.Verdict) {
	switch {
	case s.Status == ecs.Draining:
		return "draining", ""
	case s.Status == ecs.Inactive:
		return "inactive", ""
	case primary.RolloutState == ecs.RolloutFailed:
		return "failed", tagboat.VerdictFailed
	case s.Desired == 0 && s.Running == 0:
		return "stopped", ""
	case settled(s, primary):
		return "steady", ended(s)
	default:
		return "in-progress", ""
	}
}

// ended tells whether the PRIMARY deployment completed by itself or because a newer
// one was rolled back to it.
func ended(s ecs.Service) tagboat.Verdict {
	for _, d := range s.Deployments {
		if d.RolloutState == ecs.RolloutFailed {
			return tagboat.VerdictRolledBack
		}
	}
	return tagboat.VerdictSucceeded
}

// healthy counts the tasks that run and that no health check speaks against.
func healthy(tasks []ecs.Task) int {
	n := 0
	for _, t := range tasks {
		if t.LastStatus == ecs.Running && t.Health != ecs.Unhealthy {
			n++
		}
	}
	return n
}

// withRunningTags says by which tag each version that runs though another is pinned was
// pinned once. The labels of the task definition that runs say so.
func withRunningTags(images []tagboat.ImageState, o Observed) []tagboat.ImageState {
	if o.Current == nil {
		return images
	}
	current, err := taskdef.FromJSON(o.Current.Record)
	if err != nil {
		return images
	}
	digests := current.Digests()
	for i, image := range images {
		switch image.Running {
		case "", image.Pinned:
		case digests[image.Container]:
			images[i].RunningTag = current.Label(image.Container, taskdef.LabelTag)
		}
	}
	return images
}

// drift says in words where what runs is not what should.
func drift(d Desired, o Observed, images []tagboat.ImageState) []string {
	var words []string
	for _, i := range images {
		if i.Pinned == "" {
			words = append(words, fmt.Sprintf("no version of image %s is pinned for container %s", i.Image, i.Container))
		}
		if i.Running != "" && i.Pinned != "" && i.Running != i.Pinned {
			words = append(words, fmt.Sprintf("%s runs %s, pinned is %s", i.Container, version(i.RunningTag, i.Running), version(i.Tag, i.Pinned)))
		}
	}
	words = append(words, definitionDrift(d, o)...)
	if count := o.stopped(); count != "" {
		words = append(words, fmt.Sprintf("the service was stopped after its first deployment failed; it wanted %s tasks", count))
	}
	if d.ServiceDefinition != nil {
		b := builder{desired: d, observed: o}
		if members := b.members(); len(members) > 0 {
			words = append(words, "the service differs from its file: "+names(members))
		}
		if set, remove, _ := taskdef.ServiceTags(*d.ServiceDefinition, o.Service.Tags); len(set)+len(remove) > 0 {
			words = append(words, "the service differs from its file: tags")
		}
		for _, p := range b.problems {
			words = append(words, "the service differs from its file: "+p.Message)
		}
	}
	return words
}

// version is how people call a version: by its tag where it is known.
func version(tag string, digest tagboat.Digest) string {
	if tag == "" {
		return digest.Short()
	}
	return tag
}

func definitionDrift(d Desired, o Observed) []string {
	if d.Definition.Empty() {
		return nil // not every image is pinned: there is nothing to compare with
	}
	if o.Current == nil {
		return []string{"the task definition that runs does not exist any more"}
	}
	current, err := taskdef.FromJSON(o.Current.Record)
	switch {
	case err != nil:
		return []string{"the task definition that runs cannot be read: " + err.Error()}
	case taskdef.Equal(d.Definition, current):
		return nil
	case o.Current.Family != d.Definition.Family():
		return []string{fmt.Sprintf("somebody else's deployment: the service runs task definition %s of another family than %s", ecs.LastPart(o.Current.ARN), d.Definition.Family())}
	case ours(d, current) && taskdef.EqualButImages(d.Definition, current):
		return nil
	case !ours(d, current):
		return []string{fmt.Sprintf("somebody else's deployment: Tagboat did not register %s", ecs.LastPart(o.Current.ARN))}
	default:
		return []string{fmt.Sprintf("the task definition differs from %s", ecs.LastPart(o.Current.ARN))}
	}
}

// ours tells whether Tagboat registered the definition: its labels are on the
// containers that run our images.
func ours(d Desired, current taskdef.Definition) bool {
	for _, i := range d.Images {
		if current.Label(i.Container, taskdef.LabelImage) == "" {
			return false
		}
	}
	return true
}
