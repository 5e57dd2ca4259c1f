package deploy

import (
	"context"
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// tasksPerCall is what DescribeTasks takes at most.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
const tasksPerCall = 100

// ServiceTasks returns all tasks of a service with that desired status. They are
// selected by the service and not by who started them, which ECS takes only alone.
func ServiceTasks(ctx context.Context, client Tasks, cluster, service, desired string) ([]ecs.Task, error) {
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

// MarkOptional says of the containers of tasks which are not essential, as their task
// definition has it. Where that cannot be read, all of them count as essential.
func MarkOptional(ctx context.Context, client Definitions, definition string, tasks []ecs.Task) []ecs.Task {
	if len(tasks) == 0 {
		return tasks
	}
	described, err := client.DescribeTaskDefinition(ctx, definition)
	if err != nil {
		return tasks
	}
	r, err := ReadContents(described.Record)
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

// ImageStates compares what is pinned with what the running tasks among tasks have.
func ImageStates(images []Image, tasks []ecs.Task) []tagboat.ImageState {
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
		d := ContentDigest(t.Containers[i], image.Pinned)
		if d == "" || digest != "" && d != digest {
			return ""
		}
		digest = d
	}
	return digest
}

// ContentDigest returns the digest that a container runs. ECS may report the digest of
// the manifest of one platform for an image whose reference is the digest of a
// multi-platform index: what was pulled through that reference is what is pinned.
func ContentDigest(c ecs.Container, pinned tagboat.Reference) tagboat.Digest {
	if c.Digest == "" {
		return ""
	}
	r, err := tagboat.ParseReference(c.Image)
	if err == nil && r.Digest != "" && r.Digest == pinned.Digest && r.SameRepository(pinned) {
		return pinned.Digest
	}
	return tagboat.Digest(c.Digest)
}

// WithRunningTags says by which tag each version that runs though another is pinned was
// pinned once. The labels of the task definition that runs say so.
func WithRunningTags(images []tagboat.ImageState, o Observed) []tagboat.ImageState {
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

// WithPreviousVersions says of each image which version the task definition named that a plan
// replaces. A definition that names no digest leaves that open.
func WithPreviousVersions(images []tagboat.ImageState, p Plan) []tagboat.ImageState {
	if p.Observed.Current == nil || !p.Changes() {
		return images
	}
	replaced, err := taskdef.FromJSON(p.Observed.Current.Record)
	if err != nil {
		return images // it is told for people's sake, and decides nothing
	}
	digests := replaced.Digests()
	for i, image := range images {
		if digest := digests[image.Container]; digest != "" {
			images[i].Previous, images[i].PreviousTag = digest, replaced.Label(image.Container, taskdef.LabelTag)
		}
	}
	return images
}
