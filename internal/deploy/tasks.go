package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// tasksPerCall is what DescribeTasks takes at most.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
const tasksPerCall = 100

// serviceTasks returns all tasks of a service with that desired status. They are
// selected by the service and not by who started them, which ECS takes only alone.
func serviceTasks(ctx context.Context, client Tasks, cluster, service, desired string) ([]ecs.Task, error) {
	arns, err := client.ListTasks(ctx, cluster, ecs.TaskFilter{Service: service, DesiredStatus: desired})
	if err != nil {
		return nil, fmt.Errorf("listing tasks of service %q: %w", service, err)
	}
	var tasks []ecs.Task
	for batch := range slices.Chunk(arns, tasksPerCall) {
		some, err := client.DescribeTasks(ctx, cluster, batch)
		if err != nil {
			return nil, fmt.Errorf("describing tasks of service %q: %w", service, err)
		}
		tasks = append(tasks, some...)
	}
	return tasks, nil
}

// essentials says of the containers of tasks which are not essential, as their task
// definition has it. Where that cannot be read, all of them count as essential.
func essentials(ctx context.Context, client Definitions, definition string, tasks []ecs.Task) []ecs.Task {
	if len(tasks) == 0 {
		return tasks
	}
	described, err := client.DescribeTaskDefinition(ctx, definition)
	if err != nil {
		return tasks
	}
	r, err := readRecord(described.Record)
	if err != nil {
		return tasks
	}
	optional := map[string]bool{}
	for _, c := range r.Containers {
		optional[c.Name] = c.Essential != nil && !*c.Essential
	}
	for _, t := range tasks {
		for i, c := range t.Containers {
			t.Containers[i].Optional = optional[c.Name]
		}
	}
	return tasks
}

// imageStates compares what is pinned with what the running tasks among tasks have.
func imageStates(images []Image, tasks []ecs.Task) []tagboat.ImageState {
	states := make([]tagboat.ImageState, len(images))
	for i, image := range images {
		states[i] = tagboat.ImageState{
			Container: image.Container,
			Image:     image.Image,
			Tag:       image.Pinned.Tag,
			Pinned:    image.Pinned.Digest,
			Running:   runningDigest(image, tasks),
		}
		if states[i].Running != "" && states[i].Running == states[i].Pinned {
			states[i].RunningTag = states[i].Tag
		}
	}
	return states
}

// runningDigest returns the digest that the container has in every running task, or ""
// where none runs, one has not said, or two differ.
func runningDigest(image Image, tasks []ecs.Task) tagboat.Digest {
	var digest tagboat.Digest
	for _, t := range tasks {
		if t.LastStatus != ecs.Running {
			continue
		}
		i := slices.IndexFunc(t.Containers, func(c ecs.Container) bool { return c.Name == string(image.Container) })
		if i < 0 {
			return ""
		}
		d := contentDigest(t.Containers[i], image.Pinned)
		if d == "" || digest != "" && d != digest {
			return ""
		}
		digest = d
	}
	return digest
}

// contentDigest returns the digest that a container runs. ECS may report the digest of
// the manifest of one platform for an image whose reference is the digest of a
// multi-platform index: what was pulled through that reference is what is pinned.
func contentDigest(c ecs.Container, pinned tagboat.Reference) tagboat.Digest {
	if c.Digest == "" {
		return ""
	}
	r, err := tagboat.ParseReference(c.Image)
	if err == nil && r.Digest != "" && r.Digest == pinned.Digest && r.SameRepository(pinned) {
		return pinned.Digest
	}
	return tagboat.Digest(c.Digest)
}

// verification looks at the tasks of a deployment that completed until all of them are
// seen to run what is pinned. The list of tasks is eventually consistent, so one that is
// incomplete is no answer, and another digest is looked at again before it is believed.
type verification struct {
	images  []tagboat.ImageState // as of the last look
	missing string               // what keeps it from an end, in words
	other   string               // what runs and is not pinned
	untold  string               // the containers whose digests AWS does not tell
	doubts  int                  // looks that saw another digest, or none told
}

// seen is what a verification came to.
type seen int

const (
	notYet       seen = iota
	pinnedRuns        // in all tasks, as far as AWS tells digests
	otherDigests      // in some task
)

// look reads the tasks once.
func (v *verification) look(ctx context.Context, client Tasks, d Desired, service string, own ecs.Deployment) (seen, error) {
	all, err := serviceTasks(ctx, client, d.Cluster, service, ecs.Running)
	if err != nil {
		return notYet, err
	}
	tasks := slices.DeleteFunc(all, func(t ecs.Task) bool { return t.StartedBy != own.ID || t.LastStatus != ecs.Running })
	v.images = imageStates(d.Images, tasks)
	v.other, v.untold = compare(d.Images, tasks, own.TaskDefinition)
	if len(tasks) < own.Running {
		v.missing = fmt.Sprintf("AWS lists %d of its %d tasks that run, so what the others run is not known", len(tasks), own.Running)
		return notYet, nil
	}
	if v.other == "" && v.untold == "" {
		return pinnedRuns, nil
	}
	v.missing = cmp.Or(v.other, "AWS does not tell the digest of "+v.untold)
	switch v.doubts++; {
	case v.doubts < digestLooks:
		return notYet, nil
	case v.other != "":
		return otherDigests, nil
	default:
		return pinnedRuns, nil
	}
}

// compare says which containers of the tasks run something else than what is pinned, and
// of which AWS does not tell what they run. Those run what their task definition names by
// digest, where that is the given one: ECS pulls nothing else.
func compare(images []Image, tasks []ecs.Task, definition string) (other, untold string) {
	var others, silent []string
	for _, image := range images {
		is, told := runsOtherwise(image, tasks, definition)
		if is != "" {
			others = append(others, is)
		}
		if !told {
			silent = append(silent, "container "+string(image.Container))
		}
	}
	return strings.Join(others, "; "), strings.Join(silent, ", ")
}

// runsOtherwise says what one container runs in some task instead of what is pinned, and
// whether AWS tells the digest in every task.
func runsOtherwise(image Image, tasks []ecs.Task, definition string) (other string, told bool) {
	told = true
	for _, t := range tasks {
		i := slices.IndexFunc(t.Containers, func(c ecs.Container) bool { return c.Name == string(image.Container) })
		switch {
		case i < 0:
			return fmt.Sprintf("task %s has no container %s", t.ID(), image.Container), told
		case t.Containers[i].Digest == "" && t.TaskDefinition != definition:
			return fmt.Sprintf("task %s was started from %s", t.ID(), ecs.LastPart(t.TaskDefinition)), told
		case t.Containers[i].Digest == "":
			told = false
		default:
			if d := contentDigest(t.Containers[i], image.Pinned); d != image.Pinned.Digest {
				return fmt.Sprintf("container %s runs %s, and %s is pinned", image.Container, d, image.Pinned.Digest), told
			}
		}
	}
	return "", told
}
