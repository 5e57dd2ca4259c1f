package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Observed is what ECS has for one service.
type Observed struct {
	// ClusterMissing says that the cluster itself does not exist.
	ClusterMissing bool
	// Service is nil where it does not exist, or was deleted and is INACTIVE.
	Service *ecs.Service
	// Current is the task definition of the PRIMARY deployment; nil without one.
	Current *ecs.TaskDefinition
	// Candidates are revisions of the wanted family that may be equal to what is wanted.
	Candidates []ecs.TaskDefinition
	// AsPinned says that the tasks run what is wanted, though Current names images by tags.
	AsPinned bool
	// Stack is what there is of the service's stack; nil where it has none, or nobody looked.
	Stack *ObservedStack
	// latest is the latest active revision of the wanted family, where it was read.
	latest *ecs.TaskDefinition
	read   *definitions // during the look
}

// Primary returns the PRIMARY deployment, and false where there is none.
func (o Observed) Primary() (ecs.Deployment, bool) {
	if o.Service == nil {
		return ecs.Deployment{}, false
	}
	return o.Service.Primary()
}

// Good returns the ARN of the task definition that ran well when we looked: that of
// the PRIMARY deployment if it completed, else that of the newest older one that did.
// It is "" where none did, and for a service that we stopped.
func (o Observed) Good() string {
	if o.Service == nil || o.Stopped() != "" {
		return ""
	}
	deployments := slices.Clone(o.Service.Deployments)
	slices.SortStableFunc(deployments, func(a, b ecs.Deployment) int { return rank(b) - rank(a) })
	for _, d := range deployments {
		if d.RolloutState == ecs.RolloutCompleted || d.RolloutState == "" && d.Running > 0 {
			return d.TaskDefinition
		}
	}
	return ""
}

func rank(d ecs.Deployment) int {
	if d.Status == ecs.Primary {
		return 1
	}
	return 0
}

// MustRun reports whether every task that runs has the digests that are pinned, without
// having looked at them: one deployment completed, it is the only one and has all of its
// tasks, and its task definition names the digests, so that ECS cannot have pulled
// anything else.
func (o Observed) MustRun(images []Image) bool {
	primary, ok := o.Primary()
	if !ok || o.Current == nil || len(o.Service.Deployments) != 1 || primary.RolloutState != ecs.RolloutCompleted ||
		primary.Desired == 0 || primary.Running != primary.Desired || primary.Pending > 0 {
		return false
	}
	r, err := ReadContents(o.Current.Record)
	if err != nil {
		return false
	}
	for _, image := range images {
		i := slices.IndexFunc(r.Containers, func(c Container) bool { return c.Name == string(image.Container) })
		if i < 0 {
			return false
		}
		named, err := tagboat.ParseReference(r.Containers[i].Image)
		if err != nil || !named.SameVersion(image.Pinned) {
			return false
		}
	}
	return true
}

// StoppedTag is on a service whose first deployment failed and which we therefore
// stopped. Its value is the desired count that the service had.
const StoppedTag = "tagboat:stopped"

// Stopped returns the desired count that a stopped service had, or "".
func (o Observed) Stopped() string {
	if o.Service == nil || o.Service.Desired != 0 {
		return ""
	}
	return o.Service.Tags[StoppedTag]
}

// IDs returns the ids of all deployments that there were.
func (o Observed) IDs() []string {
	if o.Service == nil {
		return nil
	}
	ids := make([]string, len(o.Service.Deployments))
	for i, d := range o.Service.Deployments {
		ids[i] = d.ID
	}
	return ids
}

// ServicesPerCall is what DescribeServices takes at most.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
const ServicesPerCall = 10

// Settled reports whether a deployment completed and has all of its tasks running now.
// Services behind a Classic Load Balancer have no rollout state: there, being the only
// deployment stands for it, with all the tasks of the service, since ECS answers 0 desired
// tasks for a deployment that it has not begun.
func Settled(s ecs.Service, d ecs.Deployment) bool {
	full := d.Running == d.Desired && d.Pending == 0
	if d.RolloutState == "" {
		return full && len(s.Deployments) == 1 && d.Desired == s.Desired
	}
	return full && d.RolloutState == ecs.RolloutCompleted
}

// Look reads the services of all targets, ten in a call, with the task definitions that
// they run. The answer is in the targets' order.
func Look(ctx context.Context, targets []Target) ([]Observed, error) {
	return look(ctx, targets, func(context.Context, Target, *Observed) error { return nil })
}

// look is Look, and completes what is observed of each target with more.
func look(ctx context.Context, targets []Target, more func(context.Context, Target, *Observed) error) ([]Observed, error) {
	observed := make([]Observed, len(targets))
	err := EachCluster(ctx, targets, func(ctx context.Context, client *Client, cluster string, all []int) error {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(looksAtOnce)
		for batch := range slices.Chunk(all, ServicesPerCall) {
			group.Go(func() error { return lookAtServices(ctx, client, cluster, targets, batch, observed) })
		}
		return group.Wait()
	})
	if err != nil {
		return nil, err
	}
	var read definitions
	err = Each(ctx, targets, func(ctx context.Context, i int) error {
		observed[i].read = &read
		defer func() { observed[i].read = nil }()
		if err := lookAtCurrent(ctx, targets[i], &observed[i]); err != nil {
			return err
		}
		return more(ctx, targets[i], &observed[i])
	})
	return observed, err
}

// EachCluster calls do for all clusters that targets are in, at the same time, each with the
// indexes of its targets.
func EachCluster(ctx context.Context, targets []Target, do func(ctx context.Context, client *Client, cluster string, targets []int) error) error {
	type place struct {
		client  *Client
		cluster string
	}
	places := map[place][]int{}
	for i, t := range targets {
		at := place{t.Client, t.Desired.Cluster}
		places[at] = append(places[at], i)
	}
	group, ctx := errgroup.WithContext(ctx)
	for at, indexes := range places {
		group.Go(func() error { return do(ctx, at.client, at.cluster, indexes) })
	}
	return group.Wait()
}

// Each calls do for all targets, looksAtOnce of each account and region at the same time: one
// that is slow, because AWS's rates are kept, holds up no other.
func Each(ctx context.Context, targets []Target, do func(ctx context.Context, i int) error) error {
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

func lookAtServices(ctx context.Context, client *Client, cluster string, targets []Target, batch []int, observed []Observed) error {
	var names []string
	for _, i := range batch {
		if name := targets[i].Desired.ServiceName; name != "" { // its stack has none
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return nil
	}
	found, _, err := client.ECS.DescribeServices(ctx, cluster, slices.Compact(names))
	missing := errors.Is(err, ecs.ErrNotFound)
	if err != nil && !missing {
		return fmt.Errorf("looking at the services of cluster %q: %w", cluster, err)
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
	primary, ok := o.Primary()
	if !ok {
		return nil
	}
	if _, known := t.Cached(primary.TaskDefinition); !known && familyOf(primary.TaskDefinition) == t.Desired.Definition.Family() {
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

const (
	// looksAtOnce is how many services of an account and region are read at the same time.
	looksAtOnce = 8
	// revisionsByCall is how many revisions of a family are read to find an equal one,
	// beside the latest and those that are cached.
	revisionsByCall = 4
)
