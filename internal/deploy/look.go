package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat/internal/ecs"
)

const (
	// looksAtOnce is how many services are read at the same time.
	looksAtOnce = 8
	// recentRevisions is how many revisions of a family are searched for an equal one.
	recentRevisions = 4
)

// place is a cluster as one client reaches it.
type place struct {
	client  *Client
	cluster string
}

// look reads the services of all targets, ten in a call, with the task definitions
// that they run, and completes each with more. The answer is in the targets' order.
func look(ctx context.Context, targets []Target, more func(context.Context, Target, *Observed) error) ([]Observed, error) {
	observed := make([]Observed, len(targets))
	if err := lookAtAll(ctx, targets, observed); err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(looksAtOnce)
	for i := range targets {
		group.Go(func() error {
			if err := lookAtCurrent(ctx, targets[i], &observed[i]); err != nil {
				return err
			}
			return more(ctx, targets[i], &observed[i])
		})
	}
	return observed, group.Wait()
}

func lookAtAll(ctx context.Context, targets []Target, observed []Observed) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(looksAtOnce)
	for at, indexes := range byPlace(targets) {
		for batch := range slices.Chunk(indexes, servicesPerCall) {
			group.Go(func() error { return lookAtServices(ctx, at, targets, batch, observed) })
		}
	}
	return group.Wait()
}

func byPlace(targets []Target) map[place][]int {
	places := map[place][]int{}
	for i, t := range targets {
		at := place{t.Client, t.Desired.Cluster}
		places[at] = append(places[at], i)
	}
	return places
}

func lookAtServices(ctx context.Context, at place, targets []Target, batch []int, observed []Observed) error {
	var names []string
	for _, i := range batch {
		names = append(names, targets[i].Desired.ServiceName)
	}
	slices.Sort(names)
	found, _, err := at.client.ECS.DescribeServices(ctx, at.cluster, slices.Compact(names))
	missing := errors.Is(err, ecs.ErrNotFound)
	if err != nil && !missing {
		return fmt.Errorf("looking at the services of cluster %q: %w", at.cluster, err)
	}
	for _, i := range batch {
		observed[i].ClusterMissing = missing
		for _, s := range found {
			if s.Name == targets[i].Desired.ServiceName && s.Status != "INACTIVE" {
				observed[i].Service = &s
			}
		}
	}
	return nil
}

// lookAtCurrent reads the task definition of the PRIMARY deployment.
func lookAtCurrent(ctx context.Context, t Target, o *Observed) error {
	primary, ok := o.primary()
	if !ok {
		return nil
	}
	current, err := t.Client.ECS.DescribeTaskDefinition(ctx, primary.TaskDefinition)
	if errors.Is(err, ecs.ErrNotFound) {
		return nil // deleted for good: it is equal to nothing
	}
	if err != nil {
		return fmt.Errorf("reading task definition %q: %w", primary.TaskDefinition, err)
	}
	o.Current = &current
	return nil
}

// lookForEqual reads recent revisions of the wanted family until one is equal to what
// is wanted. It reads none where the current one is.
func lookForEqual(ctx context.Context, t Target, o *Observed) error {
	if o.ClusterMissing || o.Current != nil && o.Current.Status == "ACTIVE" && equal(t.Desired.Definition, *o.Current) {
		return nil
	}
	family := t.Desired.Definition.Family()
	arns, err := t.Client.ECS.ListTaskDefinitions(ctx, family, recentRevisions)
	if err != nil {
		return fmt.Errorf("listing the revisions of %q: %w", family, err)
	}
	for _, arn := range arns {
		if o.Current != nil && arn == o.Current.ARN {
			continue
		}
		candidate, err := t.Client.ECS.DescribeTaskDefinition(ctx, arn)
		if errors.Is(err, ecs.ErrNotFound) {
			continue // deleted since it was listed
		}
		if err != nil {
			return fmt.Errorf("reading task definition %q: %w", arn, err)
		}
		o.Candidates = append(o.Candidates, candidate)
		if equal(t.Desired.Definition, candidate) {
			return nil
		}
	}
	return nil
}

// lookAtTasks reads the tasks that should run.
func lookAtTasks(ctx context.Context, t Target, o *Observed) error {
	if o.Service == nil {
		return nil
	}
	tasks, err := serviceTasks(ctx, t.Client.ECS, t.Desired.Cluster, o.Service.Name, "RUNNING")
	o.Tasks = tasks
	return err
}
