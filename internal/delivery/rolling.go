package delivery

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/operation"
)

// targets returns what should run in the selected cells, as far as it is known.
func (v View) targets(ctx context.Context, s fleet.Selection) ([]deploy.Target, error) {
	cells, err := v.Fleet.Cells(ctx, s)
	if err != nil {
		return nil, err
	}
	cells, _ = released(ctx, v.Releases, s, cells) // a release that cannot be read says nothing of what ECS does
	targets := make([]deploy.Target, len(cells))
	for i, c := range cells {
		if targets[i], err = c.Visible(ctx); err != nil {
			return nil, err
		}
	}
	return targets, nil
}

// Paused returns the deployments of the selected services that wait at a pause hook for somebody.
func (v View) Paused(ctx context.Context, s fleet.Selection) ([]tagboat.PausedDeployment, error) {
	targets, err := v.targets(ctx, s)
	if err != nil {
		return nil, err
	}
	var all []tagboat.PausedDeployment
	for _, t := range targets {
		waits, err := rollout.Paused(ctx, t)
		if tagboat.KindOf(err) == tagboat.Usage {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, tagboat.PausedDeployment{
			Environment: t.Desired.Environment, Service: t.Desired.Service, DeploymentID: ecs.LastPart(waits.ARN), Stage: waits.LifecycleStage,
		})
	}
	return all, nil
}

// tasksShown is how many tasks of a service a rollout lists at most: people look at them one by one.
const tasksShown = 200

// Rollout returns how ECS brings the tasks of one service from one revision to another: the first of the
// selection. It costs six calls at most where the service has no more than a hundred tasks.
func (v View) Rollout(ctx context.Context, s fleet.Selection) (tagboat.RolloutDocument, error) {
	targets, err := v.targets(ctx, s)
	if err != nil {
		return tagboat.RolloutDocument{}, err
	}
	t := targets[0]
	d := tagboat.RolloutDocument{
		Environment: t.Desired.Environment, Service: t.Desired.Service, At: t.Client.Now(),
		Deployments: []tagboat.RolloutDeployment{}, Tasks: []tagboat.RolloutTask{}, Messages: []tagboat.RolloutMessage{},
	}
	found, _, err := t.Client.ECS.DescribeServices(ctx, t.Desired.Cluster, []string{t.Desired.ServiceName})
	if err != nil || len(found) == 0 {
		d.Calls = operation.From(ctx).Calls()
		return d, err
	}
	service := found[0]
	record, _ := deploy.UnderWay(ctx, t.Client, service) // it only adds to what the service says
	for _, one := range service.Deployments {
		d.Deployments = append(d.Deployments, described(one, record))
	}
	for _, e := range service.Events {
		d.Messages = append(d.Messages, tagboat.RolloutMessage{At: e.At, Message: e.Message})
	}
	var tasks []ecs.Task
	for _, status := range []string{ecs.Running, ecs.Stopped} {
		some, err := deploy.ServiceTasks(ctx, t.Client.ECS, t.Desired.Cluster, service.Name, status)
		if err != nil {
			return d, err
		}
		tasks = append(tasks, some...)
	}
	d.Tasks = append(d.Tasks, shown(service, tasks)...)
	d.Calls = operation.From(ctx).Calls()
	return d, nil
}

func described(d ecs.Deployment, record ecs.ServiceDeployment) tagboat.RolloutDeployment {
	is := tagboat.RolloutDeployment{
		ID: d.ID, Status: d.Status, State: d.RolloutState, Reason: d.RolloutReason, TaskDefinition: ecs.LastPart(d.TaskDefinition),
		Desired: d.Desired, Running: d.Running, Pending: d.Pending, Failed: d.FailedTasks, CreatedAt: d.CreatedAt,
	}
	if d.Status == ecs.Primary && d.RolloutState != ecs.RolloutCompleted {
		is.Stage, is.Waits = record.LifecycleStage, len(record.Waiting()) > 0
	}
	return is
}

// shown returns tasks as a document has them: those of the newest deployment first, and of each those
// that began last. Those that ended before the newest deployment began are left out.
func shown(s ecs.Service, tasks []ecs.Task) []tagboat.RolloutTask {
	primary, _ := s.Primary()
	tasks = slices.DeleteFunc(tasks, func(t ecs.Task) bool {
		return !t.StoppedAt.IsZero() && t.StoppedAt.Before(primary.CreatedAt)
	})
	order := func(t ecs.Task) int {
		return slices.IndexFunc(s.Deployments, func(d ecs.Deployment) bool { return d.ID == t.StartedBy })
	}
	slices.SortStableFunc(tasks, func(a, b ecs.Task) int {
		return cmp.Or(cmp.Compare(uint(order(a)), uint(order(b))), b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ARN, b.ARN))
	})
	all := make([]tagboat.RolloutTask, 0, len(tasks))
	for _, t := range tasks[:min(len(tasks), tasksShown)] {
		all = append(all, tagboat.RolloutTask{
			ID: t.ID(), Deployment: t.StartedBy, TaskDefinition: ecs.LastPart(t.TaskDefinition), Status: t.LastStatus, Wanted: t.DesiredStatus,
			Health: t.Health, Reason: t.StoppedReason, StartedAt: moment(t.StartedAt), StoppedAt: moment(t.StoppedAt),
		})
	}
	return all
}

// moment returns a time as JSON has it: null for none.
func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}
