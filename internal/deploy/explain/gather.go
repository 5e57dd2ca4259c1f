package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/ecs"
)

const (
	logLines      = 10 // of each container that died
	tasksWithLogs = 3
	gatherFor     = 20 * time.Second
)

// gatherer fetches what speaks for or against a deployment. What it cannot fetch is
// left out: half an explanation is better than none.
type gatherer struct {
	client     *Client
	desired    Desired
	deployment string // ARN of the service deployment; "" where it is not known
	errs       []error
}

// causes says why the deployment does not go well. The list is empty where nothing
// speaks against it.
func (g *gatherer) causes(ctx context.Context, s ecs.Service, d ecs.Deployment) []tagboat.Cause {
	ctx, cancel := context.WithTimeout(ctx, gatherFor)
	defer cancel()
	evidence := explain.Evidence{
		Tasks:   append(g.tasks(ctx, s, d, ecs.Stopped), g.tasks(ctx, s, d, ecs.Running)...),
		Targets: g.targets(ctx, s),
		Events:  eventsSince(s, d.CreatedAt),
		Now:     g.client.now(),
	}
	evidence.Logs = g.logs(ctx, d, evidence.Tasks)
	waiting := g.stages(ctx, &evidence)
	evidence.Settings = g.settings(ctx, s, d)
	causes := slices.Concat(waiting, explain.Causes(evidence))
	if errors.Is(ctx.Err(), context.Canceled) {
		return causes
	}
	if len(causes) == 0 && len(g.errs) > 0 {
		return []tagboat.Cause{{
			Cause:    "AWS did not tell why",
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
func (g *gatherer) unread() string {
	var all []string
	seen := map[string]bool{}
	for _, err := range g.errs {
		var r ecs.Refused
		key := err.Error()
		if errors.As(err, &r) {
			key = r.Action
		}
		if !seen[key] {
			all = append(all, cmp.Or(refusal(g.desired, err), err.Error()))
		}
		seen[key] = true
	}
	return strings.Join(all, "\n")
}

func (g *gatherer) tasks(ctx context.Context, s ecs.Service, d ecs.Deployment, desired string) []ecs.Task {
	tasks, err := serviceTasks(ctx, g.client.ECS, g.desired.Cluster, s.Name, desired)
	if err != nil {
		g.errs = append(g.errs, err)
	}
	tasks = slices.DeleteFunc(tasks, func(t ecs.Task) bool { return t.StartedBy != d.ID })
	slices.SortStableFunc(tasks, func(a, b ecs.Task) int { return b.StoppedAt.Compare(a.StoppedAt) })
	return essentials(ctx, g.client.ECS, d.TaskDefinition, tasks)
}

// stages adds why ECS gave a deployment up, and returns what it waits for.
func (g *gatherer) stages(ctx context.Context, e *explain.Evidence) []tagboat.Cause {
	if g.deployment == "" || g.client.Deployments == nil {
		return nil
	}
	found, err := g.client.Deployments.DescribeServiceDeployments(ctx, []string{g.deployment})
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
			Cause:    "the deployment waits in stage " + found[0].LifecycleStage + " for somebody to let it go on",
			Evidence: fmt.Sprintf("the pause ends by itself at %s, with %s", hook.ExpiresAt.UTC().Format(time.RFC3339), hook.TimeoutAction),
			Advice:   howToContinue(g.desired),
		})
	}
	return waiting
}

// alarms returns what alarms say, those that ring first; of what cannot be read the names.
func (g *gatherer) alarms(ctx context.Context, names []string) []string {
	if g.client.Alarms == nil {
		return names
	}
	found, err := g.client.Alarms.Describe(ctx, names)
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

func (g *gatherer) targets(ctx context.Context, s ecs.Service) []ecs.TargetHealth {
	var all []ecs.TargetHealth
	for _, lb := range s.LoadBalancers {
		if lb.TargetGroup == "" {
			continue
		}
		health, err := g.client.Targets.Health(ctx, lb.TargetGroup)
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
func (g *gatherer) logs(ctx context.Context, d ecs.Deployment, tasks []ecs.Task) map[explain.Stream][]ecs.LogLine {
	logs := map[explain.Stream][]ecs.LogLine{}
	var containers map[string]containerRecord
	read := map[string]int{}
	for _, t := range tasks {
		name := explain.Suspect(t)
		if name == "" || read[name] == tasksWithLogs {
			continue
		}
		if containers == nil {
			containers = g.containers(ctx, d.TaskDefinition)
		}
		if lines := g.tail(ctx, containers[name], t); len(lines) > 0 {
			logs[explain.Stream{Task: t.ARN, Container: name}] = lines
			read[name]++
		}
	}
	return logs
}

func (g *gatherer) containers(ctx context.Context, definition string) map[string]containerRecord {
	containers := map[string]containerRecord{}
	described, err := g.client.ECS.DescribeTaskDefinition(ctx, definition)
	if err != nil {
		g.errs = append(g.errs, err)
		return containers
	}
	r, err := readRecord(described.Record)
	if err != nil {
		g.errs = append(g.errs, err)
	}
	for _, c := range r.Containers {
		containers[c.Name] = c
	}
	return containers
}

func (g *gatherer) tail(ctx context.Context, c containerRecord, t ecs.Task) []ecs.LogLine {
	group, _ := c.logGroup()
	stream := c.logStream(t.ID())
	if group == "" || stream == "" {
		return nil
	}
	lines, err := g.client.Logs.Tail(ctx, group, stream, logLines)
	if err != nil && !errors.Is(err, ecs.ErrNotFound) {
		g.errs = append(g.errs, err)
	}
	return lines
}
