package deploy

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// tasksPerCall is what DescribeTasks takes at most.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
const tasksPerCall = 100

// TaskLook is one look at the tasks of services of a cluster.
type TaskLook struct {
	Client   Tasks
	Cluster  string
	Desired  string // status: RUNNING or STOPPED
	Services []string
	// Others is how many services of the cluster the answer would serve beside those.
	Others int
	// Known returns a task that need not be described again; nil knows none.
	Known func(arn string) (ecs.Task, bool)
}

// Read returns the tasks by service. It lists the tasks of the whole cluster where that takes
// fewer calls than to list those of each service; then it has those of all services.
func (l TaskLook) Read(ctx context.Context) (tasks map[string][]ecs.Task, whole bool, err error) {
	arns, whole, err := l.listCluster(ctx)
	var of map[string]string
	if err == nil && !whole {
		arns, of, err = l.listServices(ctx)
	}
	if err != nil {
		return nil, false, err
	}
	described, err := l.describe(ctx, arns)
	if err != nil {
		return nil, false, err
	}
	tasks = map[string][]ecs.Task{}
	for _, t := range described {
		service, ok := of[t.ARN]
		if !ok {
			service = strings.TrimPrefix(t.Group, "service:")
		}
		tasks[service] = append(tasks[service], t)
	}
	return tasks, whole, nil
}

// listCluster lists all tasks of the cluster, unless that takes more calls than it saves: a
// hundred tasks cost one to list them and one to describe them.
func (l TaskLook) listCluster(ctx context.Context) (arns []string, all bool, err error) {
	n := len(l.Services) + l.Others
	if n < 2 {
		return nil, false, nil
	}
	most := n * tasksPerCall / 2
	arns, err = l.Client.ListTasks(ctx, l.Cluster, ecs.TaskFilter{DesiredStatus: l.Desired, AtMost: most})
	if err != nil {
		return nil, false, fmt.Errorf("listing tasks of cluster %q: %w", l.Cluster, err)
	}
	return arns, len(arns) <= most, nil
}

// listServices lists the tasks of each service, and says whose they are.
func (l TaskLook) listServices(ctx context.Context) (arns []string, of map[string]string, err error) {
	lists := make([][]string, len(l.Services))
	if len(lists) == 1 {
		lists[0], err = l.listService(ctx, l.Services[0])
	} else {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(looksAtOnce)
		for i, service := range l.Services {
			group.Go(func() (err error) {
				defer Guard("tasks", &err)
				lists[i], err = l.listService(ctx, service)
				return err
			})
		}
		err = group.Wait()
	}
	of = map[string]string{}
	for i, list := range lists {
		for _, arn := range list {
			of[arn] = l.Services[i]
		}
	}
	return slices.Concat(lists...), of, err
}

// listService lists the tasks of a service. They are selected by the service and not by who
// started them, which ECS takes only alone.
func (l TaskLook) listService(ctx context.Context, service string) ([]string, error) {
	arns, err := l.Client.ListTasks(ctx, l.Cluster, ecs.TaskFilter{Service: service, DesiredStatus: l.Desired})
	if err != nil {
		return nil, fmt.Errorf("listing tasks of service %q: %w", service, err)
	}
	return arns, nil
}

// Guard makes a crash of what reads something an error, where that defers it.
func Guard(what string, err *error) {
	if fault := recover(); fault != nil {
		*err = fmt.Errorf("tagboat crashed while it read %s (%v): please report it\n%s", what, fault, debug.Stack())
	}
}

func (l TaskLook) describe(ctx context.Context, arns []string) ([]ecs.Task, error) {
	var tasks []ecs.Task
	var unknown []string
	for _, arn := range arns {
		if t, ok := l.known(arn); ok {
			tasks = append(tasks, t)
		} else {
			unknown = append(unknown, arn)
		}
	}
	if len(unknown) == 0 {
		return tasks, nil
	}
	described, err := l.Client.DescribeTasks(ctx, l.Cluster, unknown)
	if err != nil {
		return nil, fmt.Errorf("describing tasks of cluster %q: %w", l.Cluster, err)
	}
	return append(tasks, described...), nil
}

func (l TaskLook) known(arn string) (ecs.Task, bool) {
	if l.Known == nil {
		return ecs.Task{}, false
	}
	return l.Known(arn)
}

// ServiceTasks returns all tasks of one service with that desired status.
func ServiceTasks(ctx context.Context, client Tasks, cluster, service, desired string) ([]ecs.Task, error) {
	tasks, _, err := TaskLook{Client: client, Cluster: cluster, Desired: desired, Services: []string{service}}.Read(ctx)
	return tasks[service], err
}

// MarkOptional says of the containers of tasks which are not essential, as their task
// definition has it. Where that cannot be read, all of them count as essential.
func MarkOptional(ctx context.Context, client Definitions, definition string, tasks []ecs.Task) []ecs.Task {
	if len(tasks) == 0 {
		return tasks
	}
	r, err := ContentsOf(ctx, client, definition)
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
	if err == nil && r.SameVersion(pinned) {
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
			images[i].RunningTag = current.Tag(image.Container)
		}
	}
	return images
}

// WithDeploying says of each image which version the PRIMARY deployment brings.
func WithDeploying(images []tagboat.ImageState, o Observed) []tagboat.ImageState {
	if o.Current == nil {
		return images
	}
	current, err := taskdef.FromJSON(o.Current.Record)
	if err != nil {
		return images
	}
	digests := current.Digests()
	for i, image := range images {
		if digest := digests[image.Container]; digest != "" {
			images[i].Deploying, images[i].DeployingTag = digest, current.Tag(image.Container)
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
		return images // it informs people, and decides nothing
	}
	digests := replaced.Digests()
	for i, image := range images {
		if digest := digests[image.Container]; digest != "" {
			images[i].Previous, images[i].PreviousTag = digest, replaced.Tag(image.Container)
			images[i].PreviousRevision = replaced.Label(image.Container, taskdef.LabelRevision)
		}
	}
	return images
}
