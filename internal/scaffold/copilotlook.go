package scaffold

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/scaffold/copilot"
)

// lookAtPlace reads the services of an environment: two calls for each stack, and what init calls
// for the services of a cluster.
func (s Scaffold) lookAtPlace(ctx context.Context, a *application, env *copilotPlace) error {
	session := s.Access.At(cloud.Place{Account: env.Account, Region: env.Region, Role: env.Role})
	env.workloads = make([]workload, len(env.stacks))
	failed := make([]error, len(env.stacks))
	var group errgroup.Group
	group.SetLimit(looksAtOnce)
	for i, stack := range env.stacks {
		if copilot.Empty(stack.Stack) == "" {
			group.Go(func() error { env.workloads[i], failed[i] = readWorkload(ctx, session.Stacks(), stack); return nil })
		}
	}
	_ = group.Wait() // each has its own
	if err := ctx.Err(); err != nil {
		return err
	}
	var found []workload
	for i, stack := range env.stacks {
		w := env.workloads[i]
		switch why := copilot.Empty(stack.Stack); {
		case why != "":
			a.leave(string(env.Name), stack.Workload, "%s", why)
		case failed[i] != nil:
			a.leave(string(env.Name), stack.Workload, "%v", failed[i])
		case w.Type.Why() != "":
			a.leave(string(env.Name), stack.Workload, "%s", w.Type.Why())
		case w.Resource == "":
			a.leave(string(env.Name), stack.Workload, "its stack has more than one service of ECS, or none")
		case len(w.Parameters) == 0:
			a.leave(string(env.Name), stack.Workload, "no parameter of its stack is the image of a container: its template has %s itself", images(w.Fixed))
		default:
			found = append(found, w)
		}
	}
	env.workloads = found
	return s.lookAtWorkloads(ctx, session.ECS(), a, env)
}

func images(fixed map[string]string) string {
	var all []string
	for _, image := range fixed {
		all = append(all, image)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}

// readWorkload reads the template of a stack, and which service of ECS it has.
func readWorkload(ctx context.Context, stacks *cloud.Stacks, stack copilot.Stack) (workload, error) {
	w := workload{Stack: stack}
	body, err := stacks.Template(ctx, stack.Name, false)
	if err != nil {
		return w, fmt.Errorf("reading the template of stack %s: %w", stack.Name, err)
	}
	if w.Workload, err = copilot.ReadWorkload(stack.Stack, body); err != nil || w.Resource == "" {
		return w, err
	}
	resource, err := stacks.Resource(ctx, stack.Name, w.Resource)
	if err != nil {
		return w, fmt.Errorf("reading the service of stack %s: %w", stack.Name, err)
	}
	w.arn = resource.Physical
	return w, nil
}

// lookAtWorkloads reads what the services of an environment run.
func (s Scaffold) lookAtWorkloads(ctx context.Context, from *cloud.ECS, a *application, env *copilotPlace) error {
	if len(env.workloads) == 0 {
		return nil
	}
	env.Cluster = clusterOf(env.workloads)
	var names []string
	for _, w := range env.workloads {
		if cluster, name := ecs.OfService(w.arn); cluster == env.Cluster {
			names = append(names, name)
		}
	}
	records, _, err := from.DescribeServices(ctx, env.Cluster, names)
	if err != nil {
		return fmt.Errorf("reading the services of cluster %q: %w", env.Cluster, err)
	}
	var taken []ecs.Service
	found := env.workloads[:0]
	for _, w := range env.workloads {
		i := slices.IndexFunc(records, func(r ecs.Service) bool { _, name := ecs.OfService(w.arn); return r.Name == name })
		if cluster, _ := ecs.OfService(w.arn); i < 0 || cluster != env.Cluster {
			a.leave(string(env.Name), w.Stack.Workload, "the service of its stack %s is not in cluster %s", w.Name, env.Cluster)
		} else if why := cannotTake(records[i]); why != "" {
			a.leave(string(env.Name), w.Stack.Workload, "%s", why)
		} else {
			found, taken = append(found, w), append(taken, records[i])
		}
	}
	env.workloads = found
	if err := s.lookAtServices(ctx, from, taken, &env.Environment); err != nil {
		return err
	}
	for i := range env.workloads {
		env.workloads[i].running = running(env.workloads[i], env.Services[i])
	}
	return nil
}

// running returns what the containers run whose images parameters of the stack bring.
func running(w workload, found Service) Service {
	found.Name = w.Stack.Workload
	found.Containers = slices.DeleteFunc(slices.Clone(found.Containers), func(c Container) bool { return w.Parameters[string(c.Name)] == "" })
	return found
}

// clusterOf returns the cluster that most services are in: an environment of Copilot has one.
func clusterOf(workloads []workload) string {
	most, counts := "", map[string]int{}
	for _, w := range workloads {
		cluster, _ := ecs.OfService(w.arn)
		if counts[cluster]++; counts[cluster] > counts[most] {
			most = cluster
		}
	}
	return most
}

// outside notes what runs that the stack does not say.
func (a *application) outside(env tagboat.EnvName, w workload) {
	for _, c := range w.running.Containers {
		key := w.Parameters[string(c.Name)]
		parameter, _ := w.Stack.Parameter(key)
		declared, err := tagboat.ParseReference(parameter.Value)
		if err == nil && (declared.Digest != "" && declared.Digest != c.Image.Digest || declared.Name() != c.Image.Name() || declared.Digest == "" && declared.Tag != c.Image.Tag) {
			a.note("%s/%s: container %s runs %s, and the parameter %s of stack %s is %s: somebody deployed past the stack", env, w.Stack.Workload, c.Name, c.Image, key, w.Name, parameter.Value)
		}
	}
}
