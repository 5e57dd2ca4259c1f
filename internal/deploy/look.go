package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat/internal/ecs"
)

const (
	// looksAtOnce is how many services of an account and region are read at the same time.
	looksAtOnce = 8
	// revisionsByCall is how many revisions of a family are read to find an equal one,
	// beside those that are remembered.
	revisionsByCall = 4
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
	var read definitions
	err := eachAtOnce(ctx, targets, func(ctx context.Context, i int) error {
		observed[i].read = &read
		defer func() { observed[i].read = nil }()
		if err := lookAtCurrent(ctx, targets[i], &observed[i]); err != nil {
			return err
		}
		return more(ctx, targets[i], &observed[i])
	})
	return observed, err
}

// eachAtOnce calls do for all targets, looksAtOnce of each account and region at the
// same time: one that is slow, because AWS's rates are kept, holds up no other.
func eachAtOnce(ctx context.Context, targets []Target, do func(ctx context.Context, i int) error) error {
	clients := map[*Client][]int{}
	for i, t := range targets {
		clients[t.Client] = append(clients[t.Client], i)
	}
	all, ctx := errgroup.WithContext(ctx)
	for _, indexes := range clients {
		all.Go(func() error {
			here, ctx := errgroup.WithContext(ctx)
			here.SetLimit(looksAtOnce)
			for _, i := range indexes {
				here.Go(func() error { return do(ctx, i) })
			}
			return here.Wait()
		})
	}
	return all.Wait()
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
			if s.Name == targets[i].Desired.ServiceName && s.Status != ecs.Inactive {
				observed[i].Service = &s
			}
		}
	}
	return nil
}

// lookAtCurrent reads the task definition of the PRIMARY deployment. One that is not
// remembered is mostly the latest of the wanted family, so that is asked for: whoever
// looks for an equal revision then has it already.
func lookAtCurrent(ctx context.Context, t Target, o *Observed) error {
	primary, ok := o.primary()
	if !ok {
		return nil
	}
	if _, known := t.remembered(primary.TaskDefinition); !known && familyOf(primary.TaskDefinition) == t.Desired.Definition.Family() {
		if _, err := lookAtLatest(ctx, t, o); err != nil {
			return err
		}
	}
	current, err := o.read.describe(ctx, t, primary.TaskDefinition)
	o.Current = current
	return err
}

// familyOf returns the family in a revision's ARN.
func familyOf(arn string) string {
	family, _, _ := strings.Cut(ecs.LastPart(arn), ":")
	return family
}

// lookAtLatest reads the latest active revision of the wanted family, once; nil where
// there is none.
func lookAtLatest(ctx context.Context, t Target, o *Observed) (*ecs.TaskDefinition, error) {
	if o.latest != nil {
		return o.latest, nil
	}
	latest, err := o.read.describe(ctx, t, t.Desired.Definition.Family())
	o.latest = latest
	return latest, err
}

// lookForEqual reads recent revisions of the wanted family until one is equal to what
// is wanted. It reads none where the current one is.
func lookForEqual(ctx context.Context, t Target, o *Observed) error {
	if o.ClusterMissing || o.Current != nil && o.Current.Status == ecs.Active && equal(t.Desired.Definition, *o.Current) {
		return nil
	}
	if t.Desired.Revision != "" {
		return lookForRevision(ctx, t, o)
	}
	latest, err := lookAtLatest(ctx, t, o)
	if err != nil || latest == nil {
		return err
	}
	calls := 0
	for n := latest.Revision; n > max(0, latest.Revision-mostRevisions); n-- {
		arn := revisionOf(*latest, n)
		_, remembered := t.remembered(arn)
		if !remembered {
			calls++
		}
		if calls > revisionsByCall && !remembered || o.Current != nil && arn == o.Current.ARN {
			continue
		}
		candidate, err := o.read.describe(ctx, t, arn)
		if err != nil {
			return err
		}
		if candidate == nil || candidate.Status != ecs.Active || !equal(t.Desired.Definition, *candidate) {
			continue
		}
		if remembered && n != latest.Revision { // it may have been deregistered since
			if candidate, err = o.read.describe(ctx, t, ecs.LastPart(arn)); err != nil {
				return err
			}
		}
		if candidate != nil && candidate.Status == ecs.Active {
			o.Candidates = append(o.Candidates, *candidate)
			return nil
		}
	}
	return nil
}

// lookForRevision reads the revision that is gone back to. Where it was deregistered it
// looks for an equal one that was registered since, however many there are.
func lookForRevision(ctx context.Context, t Target, o *Observed) error {
	now, err := o.read.describe(ctx, t, t.Desired.Revision) // it was read by its name a moment ago
	if err != nil || now == nil {
		return err
	}
	if now.Status != ecs.Active {
		if now, err = o.read.equal(ctx, t, now.Revision); err != nil || now == nil {
			return err
		}
	}
	o.Candidates = append(o.Candidates, *now)
	return nil
}

// lookAtTasks reads the tasks that should run.
func lookAtTasks(ctx context.Context, t Target, o *Observed) error {
	if o.Service == nil {
		return nil
	}
	tasks, err := serviceTasks(ctx, t.Client.ECS, t.Desired.Cluster, o.Service.Name, ecs.Running)
	o.Tasks = tasks
	return err
}
