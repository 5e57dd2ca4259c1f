package deploy

import (
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
		if t.LastStatus != "RUNNING" {
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

// tasksOf returns the tasks that a deployment started.
func tasksOf(tasks []ecs.Task, deployment string) []ecs.Task {
	return slices.DeleteFunc(tasks, func(t ecs.Task) bool { return t.StartedBy != deployment })
}

// otherDigests says which containers do not run what is pinned, or "".
func otherDigests(states []tagboat.ImageState) string {
	var parts []string
	for _, s := range states {
		switch {
		case s.Pinned == "" || s.Running == s.Pinned:
		case s.Running == "":
			parts = append(parts, fmt.Sprintf("what container %s runs is not known, or differs between tasks", s.Container))
		default:
			parts = append(parts, fmt.Sprintf("container %s runs %s, and %s is pinned", s.Container, s.Running, s.Pinned))
		}
	}
	return strings.Join(parts, "; ")
}
