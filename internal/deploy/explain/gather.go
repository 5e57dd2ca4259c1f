package explain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

const (
	logLines      = 10 // of each container that died
	tasksWithLogs = 3
	gatherFor     = 20 * time.Second
)

// Gatherer fetches what speaks for or against a deployment. What it cannot fetch is
// left out: half an explanation is better than none.
type Gatherer struct {
	Client     *deploy.Client
	Desired    deploy.Desired
	Deployment string // ARN of the service deployment; "" where it is not known
	errs       []error
}

// Causes says why the deployment does not go well. The list is empty where nothing
// speaks against it.
func (g *Gatherer) Causes(ctx context.Context, s ecs.Service, d ecs.Deployment) []tagboat.Cause {
	ctx, cancel := context.WithTimeout(ctx, gatherFor)
	defer cancel()
	evidence := Evidence{
		Tasks:   append(g.tasks(ctx, s, d, ecs.Stopped), g.tasks(ctx, s, d, ecs.Running)...),
		Targets: g.targets(ctx, s),
		Events:  eventsSince(s, d.CreatedAt),
		Now:     g.Client.Time(),
	}
	in, err := deploy.ContentsOf(ctx, g.Client.ECS, d.TaskDefinition)
	if err != nil {
		g.errs = append(g.errs, err)
	}
	evidence.Logs = g.logs(ctx, in, evidence.Tasks)
	waiting := g.stages(ctx, &evidence)
	evidence.Settings = g.settings(ctx, s, d, in)
	causes := slices.Concat(waiting, Causes(evidence))
	if errors.Is(ctx.Err(), context.Canceled) {
		return causes
	}
	if len(causes) == 0 && len(g.errs) > 0 {
		return []tagboat.Cause{{
			Cause:    "AWS gave no reason",
			Evidence: g.unread(),
			Advice:   "run tagboat status in a minute, or look at the service's events",
		}}
	}
	if len(g.errs) > 0 {
		causes[0].Evidence = strings.TrimPrefix(causes[0].Evidence+"\nnot looked at: "+g.unread(), "\n")
	}
	return causes
}

// unread says what could not be fetched, each operation that AWS refuses once.
func (g *Gatherer) unread() string {
	var all []string
	seen := map[string]bool{}
	for _, err := range g.errs {
		var r ecs.RefusedError
		key := err.Error()
		if errors.As(err, &r) {
			key = r.Action
		}
		if !seen[key] {
			all = append(all, cmp.Or(deploy.Refusal(g.Desired, err), err.Error()))
		}
		seen[key] = true
	}
	return strings.Join(all, "\n")
}

func (g *Gatherer) tasks(ctx context.Context, s ecs.Service, d ecs.Deployment, desired string) []ecs.Task {
	tasks, err := deploy.ServiceTasks(ctx, g.Client.ECS, g.Desired.Cluster, s.Name, desired)
	if err != nil {
		g.errs = append(g.errs, err)
	}
	tasks = slices.DeleteFunc(tasks, func(t ecs.Task) bool { return t.StartedBy != d.ID })
	slices.SortStableFunc(tasks, func(a, b ecs.Task) int { return b.StoppedAt.Compare(a.StoppedAt) })
	return deploy.MarkOptional(ctx, g.Client.ECS, d.TaskDefinition, tasks)
}

// stages adds why ECS gave a deployment up, and returns what it waits for.
func (g *Gatherer) stages(ctx context.Context, e *Evidence) []tagboat.Cause {
	if g.Deployment == "" || g.Client.Deployments == nil {
		return nil
	}
	found, err := g.Client.Deployments.DescribeServiceDeployments(ctx, []string{g.Deployment})
	if err != nil {
		g.errs = append(g.errs, err)
	}
	if len(found) == 0 {
		return nil
	}
	e.Reason = found[0].StatusReason
	var waiting []tagboat.Cause
	for _, hook := range found[0].Waiting() {
		waiting = append(waiting, tagboat.Cause{
			Cause:    "the deployment waits in stage " + found[0].LifecycleStage + " for somebody to continue it",
			Evidence: fmt.Sprintf("the pause ends by itself at %s, with %s", hook.ExpiresAt.UTC().Format(time.RFC3339), hook.TimeoutAction),
			Advice:   tagboat.HowToContinue(g.Desired.Environment, g.Desired.Service),
		})
	}
	return waiting
}

// alarms returns what alarms say, those that ring first; of what cannot be read the names.
func (g *Gatherer) alarms(ctx context.Context, names []string) []string {
	if g.Client.Alarms == nil {
		return names
	}
	found, err := g.Client.Alarms.Describe(ctx, names)
	if err != nil {
		g.errs = append(g.errs, err)
		return names
	}
	var ringing, quiet []string
	for _, a := range found {
		if a.State == "ALARM" {
			ringing = append(ringing, fmt.Sprintf("%s is in ALARM since %s: %s", a.Name, a.Since.UTC().Format(time.RFC3339), a.Reason))
		} else {
			quiet = append(quiet, a.Name+" is "+a.State)
		}
	}
	return append(ringing, quiet...)
}

func (g *Gatherer) targets(ctx context.Context, s ecs.Service) []ecs.TargetHealth {
	var all []ecs.TargetHealth
	for _, lb := range s.LoadBalancers {
		if lb.TargetGroup == "" {
			continue
		}
		health, err := g.Client.Targets.Health(ctx, lb.TargetGroup)
		if err != nil {
			g.errs = append(g.errs, err)
		}
		all = append(all, health...)
	}
	return all
}

// eventsSince returns the events of the service from t on: both times are AWS's.
func eventsSince(s ecs.Service, t time.Time) []ecs.Event {
	return slices.DeleteFunc(slices.Clone(s.Events), func(e ecs.Event) bool { return e.At.Before(t) })
}

// logs fetches the last lines of the containers that died, of a few tasks each.
func (g *Gatherer) logs(ctx context.Context, in deploy.Contents, tasks []ecs.Task) map[Stream][]ecs.LogLine {
	containers := map[string]deploy.Container{}
	for _, c := range in.Containers {
		containers[c.Name] = c
	}
	logs, read := map[Stream][]ecs.LogLine{}, map[string]int{}
	for _, t := range tasks {
		name := Suspect(t)
		if name == "" || read[name] == tasksWithLogs {
			continue
		}
		if lines := g.tail(ctx, containers[name], t); len(lines) > 0 {
			logs[Stream{Task: t.ARN, Container: name}] = lines
			read[name]++
		}
	}
	return logs
}

func (g *Gatherer) tail(ctx context.Context, c deploy.Container, t ecs.Task) []ecs.LogLine {
	group, _ := c.LogGroup()
	stream := c.LogStream(t.ID())
	if group == "" || stream == "" {
		return nil
	}
	lines, err := g.Client.Logs.Tail(ctx, group, stream, logLines)
	if err != nil && !errors.Is(err, ecs.ErrNotFound) {
		g.errs = append(g.errs, err)
	}
	return lines
}

// settings returns what of the service and of the deployment's task definition makes
// causes plainer.
func (g *Gatherer) settings(ctx context.Context, s ecs.Service, d ecs.Deployment, in deploy.Contents) Settings {
	r := deploy.SettingsOf(s)
	settings := Settings{
		Desired: s.Desired, Running: s.Running, MinHealthyPercent: s.MinHealthyPercent, MaxPercent: s.MaxPercent,
		Replacing: replacing(s, d), Grace: s.HealthCheckGrace, LoadBalanced: len(s.LoadBalancers) > 0,
		Subnets: r.Network.VPC.Subnets, PublicIP: r.Network.VPC.PublicIP == "ENABLED",
		TaskMemory: in.Memory, Memory: map[string]string{},
	}
	if r.Deployment.Alarms.Enable {
		settings.Alarms = g.alarms(ctx, r.Deployment.Alarms.Names)
	}
	for _, c := range in.Containers {
		if c.Memory > 0 {
			settings.Memory[c.Name] = strconv.Itoa(c.Memory)
		}
	}
	return settings
}

// replacing reports whether tasks of older deployments have to make room for d, which has
// not brought up its own yet.
func replacing(s ecs.Service, d ecs.Deployment) bool {
	if s.SchedulingStrategy == ecs.Daemon || d.Running >= s.Desired {
		return false
	}
	for _, other := range s.Deployments {
		if other.ID != d.ID && other.Running > 0 {
			return true
		}
	}
	return false
}

// Service says why the newest deployment of a service does not go well, most likely
// cause first. The list is empty if there is no problem.
func Service(ctx context.Context, t deploy.Target) ([]tagboat.Cause, error) {
	observed, err := deploy.Look(ctx, []deploy.Target{t})
	if err != nil {
		return nil, err
	}
	if problems := deploy.Obstacles(t.Desired, observed[0]); len(problems) > 0 {
		return nil, tagboat.Usagef("%s", problems[0].Message).WithHint("%s", problems[0].Hint)
	}
	primary, ok := observed[0].Primary()
	if !ok {
		return nil, nil
	}
	g := Gatherer{Client: t.Client, Desired: t.Desired, Deployment: deploy.SettingsOf(*observed[0].Service).Current}
	return g.Causes(ctx, *observed[0].Service, primary), nil
}
