// Package status says what runs where, how that differs from what should, and what ran well
// before. It only reads.
package status

import (
	"context"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Sight is what was seen of a target: the service with its task definition, and the tasks that should
// run.
type Sight struct {
	Observed deploy.Observed
	Tasks    []ecs.Task
}

// See looks at ECS and returns what it has of every target, in their order. A cluster that does not
// exist is an error: its services are not missing, nobody looked in the right place.
func See(ctx context.Context, targets []deploy.Target) ([]Sight, error) {
	observed, err := deploy.Look(ctx, targets)
	if err != nil {
		return nil, err
	}
	for i, o := range observed {
		if o.ClusterMissing {
			p := deploy.Obstacles(targets[i].Desired, o)[0]
			return nil, tagboat.Usagef("%s", p.Message).WithHint("%s", p.Hint)
		}
	}
	tasks, err := runningTasks(ctx, targets, observed)
	if err != nil {
		return nil, err
	}
	sights := make([]Sight, len(targets))
	for i := range targets {
		sights[i] = Sight{observed[i], tasks[i]}
	}
	return sights, nil
}

// Survey looks at ECS as See does and returns the status of every target, in their order.
func Survey(ctx context.Context, targets []deploy.Target) ([]tagboat.ServiceStatus, error) {
	sights, err := See(ctx, targets)
	if err != nil {
		return nil, err
	}
	statuses := make([]tagboat.ServiceStatus, len(targets))
	return statuses, deploy.Each(ctx, targets, func(ctx context.Context, i int) error {
		seen := sights[i]
		statuses[i] = Status(targets[i].Desired, seen.Observed, seen.Tasks, targets[i].Client.Time())
		if v := verdictOnPinned(ctx, targets[i], seen.Observed, statuses[i]); v != "" {
			statuses[i].Verdict = v
		}
		return nil
	})
}

// runningTasks returns the tasks of each target that should run, read cluster by cluster.
func runningTasks(ctx context.Context, targets []deploy.Target, observed []deploy.Observed) ([][]ecs.Task, error) {
	tasks := make([][]ecs.Task, len(targets))
	return tasks, deploy.EachCluster(ctx, targets, func(ctx context.Context, client *deploy.Client, cluster string, here []int) error {
		here = slices.DeleteFunc(here, func(i int) bool { return observed[i].Service == nil })
		if len(here) == 0 {
			return nil
		}
		look := deploy.TaskLook{Client: client.ECS, Cluster: cluster, Desired: ecs.Running}
		for _, i := range here {
			look.Services = append(look.Services, observed[i].Service.Name)
		}
		found, _, err := look.Read(ctx)
		for _, i := range here {
			tasks[i] = found[observed[i].Service.Name]
		}
		return err
	})
}

// verdictOnPinned returns the verdict on what brought the pinned versions where others run,
// steadily: the deployment in place has one of its own, and that says nothing of them. It
// is "" where there is none, or ECS's history cannot be read, without which all else
// is as true.
func verdictOnPinned(ctx context.Context, t deploy.Target, o deploy.Observed, s tagboat.ServiceStatus) tagboat.Verdict {
	others := func(i tagboat.ImageState) bool { return i.Running != "" && i.Pinned != "" && i.Running != i.Pinned }
	if s.Verdict != tagboat.VerdictSucceeded || !slices.ContainsFunc(s.Images, others) {
		return ""
	}
	judge, err := deploy.JudgementOf(ctx, deploy.Plan{Target: t, Observed: o})
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

// Status compares what should run with what ECS has and with the tasks that should run. now
// is the time of AWS's clock, for the age.
func Status(d deploy.Desired, o deploy.Observed, tasks []ecs.Task, now time.Time) tagboat.ServiceStatus {
	s := tagboat.ServiceStatus{
		Environment: d.Environment,
		Stage:       d.Stage,
		Tenant:      d.Tenant,
		Service:     d.Service,
		Images:      deploy.ImageStates(d.Images, nil),
		Drift:       []string{},
		State:       "missing",
	}
	s.MainContainer = MainContainer(d)
	primary, ok := o.Primary()
	if !ok {
		if o.Service != nil {
			s.State = "inactive"
		} else if d.Stack != nil {
			s.Stack = d.Stack.Name
		}
		return s
	}
	s.State, s.Verdict = stateOf(*o.Service, primary)
	s.Images = deploy.WithRunningTags(deploy.ImageStates(d.Images, tasks), o)
	if s.State == "in-progress" {
		s.Images = deploy.WithDeploying(s.Images, o)
	}
	s.Healthy, s.Desired = healthy(tasks), o.Service.Desired
	s.Stack = o.Service.Tags[deploy.StackTag]
	s.AgeSeconds = max(0, int64(now.Sub(primary.CreatedAt).Seconds()))
	s.Since, s.DeploymentID, s.TaskDefinition = &primary.CreatedAt, primary.ID, primary.TaskDefinition
	for _, drift := range Drifts(d, o, s.Images) {
		s.Drift = append(s.Drift, drift.String())
	}
	return s
}

// MainContainer returns the container whose version stands for the service's: the one that is
// called like the service, or whose image is, else the first of ours in the task definition.
func MainContainer(d deploy.Desired) tagboat.ContainerName {
	for _, same := range []func(deploy.Image) bool{
		func(i deploy.Image) bool { return string(i.Container) == string(d.Service) },
		func(i deploy.Image) bool { return string(i.Image) == string(d.Service) },
	} {
		if at := slices.IndexFunc(d.Images, same); at >= 0 {
			return d.Images[at].Container
		}
	}
	for _, name := range d.Definition.ContainerNames() {
		if slices.ContainsFunc(d.Images, func(i deploy.Image) bool { return i.Container == name }) {
			return name
		}
	}
	if len(d.Images) == 0 {
		return ""
	}
	return d.Images[0].Container
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
	case deploy.Settled(s, primary):
		return "steady", ended(s)
	default:
		return "in-progress", ""
	}
}

// ended reports whether the PRIMARY deployment completed by itself or because a newer
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
