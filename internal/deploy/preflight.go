package deploy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
	"github.com/tagboat/tagboat/internal/taskdef/lint"
)

// findings is what a check finds: what would fail, and what may, or could not be checked.
type findings struct{ problems, warnings []tagboat.Problem }

func (f *findings) add(other findings) {
	f.problems = append(f.problems, other.problems...)
	f.warnings = append(f.warnings, other.warnings...)
}

// preflight checks what can be told from the files, and that what the plan needs is there:
// images, log groups, target groups, secrets. It asks only, and only if needed says that what
// the plan wants has to be there. A question that gets no answer is a warning; an error means
// that ctx ended.
func preflight(ctx context.Context, p Plan, once *lookups, secrets answeredSecrets, needed bool) (findings, error) {
	all := fromFiles(p)
	if p.Changes() {
		all.add(ownedByStack(p))
	}
	if !needed {
		all.add(renamed(ctx, p))
		return all, ctx.Err()
	}
	r, err := ReadContents(p.Desired.Definition.JSON())
	if err != nil {
		return all, err
	}
	all.add(missingSecrets(p, r, secrets))
	all.add(ask(ctx,
		func(ctx context.Context) findings { return missingImages(ctx, p, once) },
		func(ctx context.Context) findings { return missingLogGroups(ctx, p, r, once) },
		func(ctx context.Context) findings { return unfitTargetGroups(ctx, p, r) },
		func(ctx context.Context) findings { return renamed(ctx, p) },
	))
	return all, ctx.Err()
}

// fromFiles holds the files against what ECS is known to refuse. What ECS has already is
// right as it is.
func fromFiles(p Plan) findings {
	if p.Desired.Files == nil || !p.Changes() && len(p.Problems) == 0 {
		return findings{}
	}
	var all findings
	for _, f := range lint.Check(heldAgainst(p)) {
		problem := p.Desired.problem("", f.Err.Hint, f.Err.Msg)
		if f.Err.Where != nil {
			problem = p.Desired.problemAt(*f.Err.Where, f.Err.Hint, f.Err.Msg)
		}
		if f.Warning {
			all.warnings = append(all.warnings, problem)
		} else {
			all.problems = append(all.problems, problem)
		}
	}
	return all
}

// heldAgainst returns the files of a plan with what ECS has of them already.
func heldAgainst(p Plan) lint.Files {
	files := p.Desired.Files()
	if p.Observed.Service != nil {
		files.Exists, files.Running = true, taskdef.RunningService(p.Observed.Service.Record, p.Desired.against)
	}
	files.InUse, files.Settled = files.Exists, files.Exists
	for _, step := range p.Steps {
		switch step := step.(type) {
		case Reuse:
			files.Registered, files.InUse = true, false
		case Register:
			files.InUse = false
		case UpdateService:
			files.Settled = len(step.Members) == 0
		}
	}
	files.Registered = files.Registered || files.InUse
	return files
}

// against returns the place of what in the task definition has to fit a member of the service.
func (d Desired) against(member string) tagboat.Position {
	if member == "networkConfiguration" || member == "" {
		return d.place("networkMode")
	}
	return d.place("containerDefinitions")
}

// ask asks all questions at once and returns the answers in their order.
func ask(ctx context.Context, questions ...func(context.Context) findings) findings {
	answers := make([]findings, len(questions))
	var group errgroup.Group
	for i, question := range questions {
		group.Go(func() error {
			answers[i] = question(ctx)
			return nil
		})
	}
	_ = group.Wait()
	var all findings
	for _, a := range answers {
		all.add(a)
	}
	return all
}

// unanswered says what was not checked, and why.
func (d Desired) unanswered(at tagboat.Position, what string, err error) findings {
	return findings{warnings: []tagboat.Problem{d.problemAt(at,
		fmt.Sprintf("check it yourself, or grant the permission: tagboat generate iam-policy --for deploy --env %s", d.Environment),
		fmt.Sprintf("not checked: %s: %v", what, err),
	)}}
}

func missingImages(ctx context.Context, p Plan, once *lookups) findings {
	var all findings
	for _, image := range p.Desired.Images {
		there, err := once.image(ctx, p.Client.Images, image.Pinned)
		at := p.Desired.place("containerDefinitions", string(image.Container), "image")
		switch {
		case err != nil:
			all.add(p.Desired.unanswered(at, fmt.Sprintf("whether image %s is in the registry", image.Pinned), err))
		case !there:
			all.problems = append(all.problems, p.Desired.problemAt(at,
				fmt.Sprintf("pin a version that exists: tagboat pin %s=TAG --env %s", image.Image, p.Desired.Environment),
				fmt.Sprintf("container %s: image %s is not in the registry", image.Container, image.Pinned),
			))
		}
	}
	return all
}

// missingLogGroups looks for the log groups of the awslogs driver, except those that
// the driver creates and those of another region.
func missingLogGroups(ctx context.Context, p Plan, r Contents, once *lookups) findings {
	var all findings
	for i, c := range r.Containers {
		group, created := c.LogGroup()
		region := c.LogConfiguration.Options["awslogs-region"]
		if group == "" || created || region != "" && p.Desired.Region != "" && region != p.Desired.Region {
			continue
		}
		there, err := once.group(ctx, p.Client.Logs, group)
		at := p.Desired.place("containerDefinitions", strconv.Itoa(i), "logConfiguration", "options", "awslogs-group")
		switch {
		case err != nil:
			all.add(p.Desired.unanswered(at, fmt.Sprintf("whether log group %q exists", group), err))
		case !there:
			all.problems = append(all.problems, p.Desired.problemAt(at,
				"create it (aws logs create-log-group --log-group-name "+group+") or set awslogs-create-group to \"true\"",
				fmt.Sprintf("container %s: log group %q does not exist", c.Name, group),
			))
		}
	}
	return all
}

// unfitTargetGroups finds target groups that are not there, or that ECS does not take: "The
// provided target group … has target type instance, which is incompatible with the awsvpc
// network mode specified in the task definition.", "The target group … does not have an
// associated load balancer".
func unfitTargetGroups(ctx context.Context, p Plan, r Contents) findings {
	places := map[string]tagboat.Position{}
	for i, lb := range wantedShape(p.Desired).LoadBalancers {
		if _, twice := places[lb.TargetGroup]; lb.TargetGroup != "" && !twice {
			places[lb.TargetGroup] = p.Desired.place("service", "loadBalancers", strconv.Itoa(i), "targetGroupArn")
		}
	}
	if len(places) == 0 {
		return findings{}
	}
	arns := slices.Sorted(maps.Keys(places))
	groups, err := p.Client.Targets.Groups(ctx, arns)
	if err != nil {
		return p.Desired.unanswered(places[arns[0]], "whether the target groups exist", err)
	}
	there := map[string]ecs.TargetGroup{}
	for _, g := range groups {
		there[g.ARN] = g
	}
	var all findings
	for _, arn := range arns {
		if message, hint := unfit(there[arn], arn, r); message != "" {
			all.problems = append(all.problems, p.Desired.problemAt(places[arn], hint, message))
		}
	}
	return all
}

// unfit returns why ECS does not take a target group, and what to do; "" where it does.
func unfit(g ecs.TargetGroup, arn string, r Contents) (message, hint string) {
	mode := cmp.Or(r.Network, "bridge")
	wanted := map[string]string{"awsvpc": "ip", "bridge": "instance"}[mode]
	switch {
	case g.ARN == "":
		return fmt.Sprintf("target group %q does not exist", arn), "correct targetGroupArn in the service definition: account, region and name"
	case g.Type != "" && wanted != "" && g.Type != wanted:
		return fmt.Sprintf("target group %q has target type %s, and network mode %s needs %s", arn, g.Type, mode, wanted),
			"name a target group of the other type: that of one that exists cannot be changed"
	case len(g.LoadBalancers) == 0:
		return fmt.Sprintf("target group %q has no load balancer", arn), "add it to a listener of a load balancer first"
	default:
		return "", ""
	}
}

// renamed finds the service that runs the family where there is none with the wanted name:
// mostly one of the two names is misspelt. A family that is new runs nowhere.
func renamed(ctx context.Context, p Plan) findings {
	family := p.Desired.Definition.Family()
	if p.Observed.Service != nil || p.Observed.ClusterMissing || p.Observed.latest == nil || family == "" {
		return findings{}
	}
	at := p.Desired.place("service", "serviceName")
	arns, err := p.Client.ECS.ListTasks(ctx, p.Desired.Cluster, ecs.TaskFilter{Family: family, DesiredStatus: ecs.Running})
	var tasks []ecs.Task
	if err == nil && len(arns) > 0 {
		tasks, err = p.Client.ECS.DescribeTasks(ctx, p.Desired.Cluster, arns[:min(len(arns), tasksLookedAt)])
	}
	if err != nil {
		return p.Desired.unanswered(at, fmt.Sprintf("whether another service runs the family %s", family), err)
	}
	var others []string
	for _, t := range tasks {
		if name, ok := strings.CutPrefix(t.Group, "service:"); ok && name != p.Desired.ServiceName {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	others = slices.Compact(others)
	if len(others) == 0 {
		return findings{}
	}
	return findings{warnings: []tagboat.Problem{p.Desired.problemAt(at,
		fmt.Sprintf("if it is the same service, name it so: serviceName: %s", others[0]),
		fmt.Sprintf("there is no service %q in cluster %q, and the family %s runs there as service %s",
			p.Desired.ServiceName, cmp.Or(ecs.LastPart(p.Desired.Cluster), "default"), family, strings.Join(others, ", ")),
	)}}
}

// tasksLookedAt is how many tasks of a family are read: one call.
const tasksLookedAt = 100
