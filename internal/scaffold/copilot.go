package scaffold

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/scaffold/copilot"
)

// application is an application of AWS Copilot as it was found.
type application struct {
	name         string
	directory    *copilot.Directory // nil where there is none
	registry     copilot.Registry
	environments []*copilotPlace // in the order in which they were made
	known        []string        // names of the environments that there are, whether they can be read or not
	workloads    []string        // names of the services, jobs and sites that were found in stacks
	left         []tagboat.InitLeftAlone
	notes        []string
}

// copilotPlace is an environment of Copilot.
type copilotPlace struct {
	Environment
	created   time.Time
	stacks    []copilot.Stack // of its workloads
	workloads []workload
}

// workload is a service of Copilot in an environment.
type workload struct {
	copilot.Stack
	copilot.Workload
	arn     string  // of the service in ECS
	running Service // what it runs; its name is that of the workload
}

func (a *application) leave(environment, name, format string, args ...any) {
	a.left = append(a.left, tagboat.InitLeftAlone{Environment: tagboat.EnvName(environment), Service: name, Reason: fmt.Sprintf(format, args...)})
}

func (a *application) note(format string, args ...any) {
	a.notes = append(a.notes, fmt.Sprintf(format, args...))
}

// application finds what there is of the application that a request names, or of which it has the
// directory.
func (s Scaffold) application(ctx context.Context, r Request) (*application, error) {
	a := &application{name: r.Copilot}
	if r.From != "" {
		path := r.From
		if below := filepath.Join(path, "copilot"); !copilot.IsDirectory(os.DirFS(path)) && copilot.IsDirectory(os.DirFS(below)) {
			path = below
		}
		directory, err := copilot.ReadDirectory(os.DirFS(path))
		if err != nil {
			return nil, fmt.Errorf("reading the directory %s: %w", path, err)
		}
		a.directory, a.name, a.notes = &directory, cmp.Or(r.Copilot, directory.App), directory.Unread
	}
	if err := s.readRegistry(ctx, r, a); err != nil {
		return nil, err
	}
	if err := s.findStacks(ctx, r, a); err != nil {
		return nil, err
	}
	a.rest()
	for _, env := range a.environments {
		if err := s.lookAtPlace(ctx, a, env); err != nil {
			a.leave(string(env.Name), "", "it cannot be read: %v", err)
			env.workloads = nil
		}
	}
	return a, ctx.Err()
}

// readRegistry reads the records of the application. Without them, there are the stacks of the
// caller's own account and region.
func (s Scaffold) readRegistry(ctx context.Context, r Request, a *application) error {
	found, err := s.Access.At(cloud.Place{Region: r.Region}).Parameters().Below(ctx, copilot.Applications+a.name)
	if refused := (ecs.RefusedError{}); errors.As(err, &refused) {
		a.note("the records of the application cannot be read (%s), so that only this account and region were searched for its environments", refused)
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the records of the application %s: %w", a.name, err)
	}
	values := map[string]string{}
	for _, p := range found {
		values[p.Name] = p.Value
	}
	a.registry = copilot.ReadRegistry(a.name, values)
	a.notes = append(a.notes, a.registry.Unread...)
	return nil
}

// findStacks lists the stacks of every account and region that has environments, and of the caller's.
func (s Scaffold) findStacks(ctx context.Context, r Request, a *application) error {
	home := cloud.Place{Region: cmp.Or(r.Region, s.Access.At(cloud.Place{}).Region())}
	own := ""
	if len(a.registry.Environments) > 0 {
		account, _, err := s.Access.At(home).Identity(ctx)
		if err != nil {
			return err
		}
		own = account
	}
	in := map[cloud.Place][]string{home: nil}
	for _, env := range a.registry.Environments {
		at := cloud.Place{Region: cmp.Or(env.Region, home.Region)}
		if env.Account != "" && env.Account != own {
			at.Account, at.Role = env.Account, env.Role
		}
		in[at] = append(in[at], env.Name)
		a.known = append(a.known, env.Name)
	}
	places := make([]cloud.Place, 0, len(in))
	for at := range in {
		places = append(places, at)
	}
	slices.SortFunc(places, func(x, y cloud.Place) int {
		return cmp.Or(cmp.Compare(x.Role, y.Role), cmp.Compare(x.Region, y.Region))
	})
	stacks, failed := make([][]cfn.Stack, len(places)), make([]error, len(places))
	var group errgroup.Group
	group.SetLimit(looksAtOnce)
	for i, at := range places {
		group.Go(func() error { stacks[i], failed[i] = s.Access.At(at).Stacks().All(ctx); return nil })
	}
	_ = group.Wait() // each has its own
	for i, at := range places {
		if failed[i] != nil && at == home && len(in[at]) == 0 && len(places) > 1 {
			a.note("the stacks of this account and region cannot be read: %v", failed[i])
			continue
		}
		if failed[i] != nil && at == home {
			return fmt.Errorf("listing stacks: %w", failed[i])
		}
		a.sort(at, stacks[i], in[at], failed[i])
	}
	if len(a.known)+len(a.environments) == 0 {
		return s.noApplication(ctx, home, a.name, slices.Concat(stacks...))
	}
	return a.asked(r)
}

// noApplication says that there is no such application, and which ones there are.
func (s Scaffold) noApplication(ctx context.Context, home cloud.Place, name string, all []cfn.Stack) error {
	names := copilot.ApplicationsOf(all)
	if found, err := s.Access.At(home).Parameters().Below(ctx, strings.TrimSuffix(copilot.Applications, "/")); err == nil {
		for _, p := range found {
			names = append(names, copilot.Named([]string{p.Name})...)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	err := tagboat.Usagef("there is no application %q of AWS Copilot in this account in %s", name, home.Region)
	if len(names) == 0 {
		return err.WithHint("name the region in which copilot init was run, and use credentials of that account: --region REGION")
	}
	return err.WithHint("applications here: %s; another region: --region REGION", strings.Join(names, ", "))
}

// asked returns an error where an environment or service that was asked for is nowhere, and leaves
// out what was not asked for.
func (a *application) asked(r Request) error {
	var failed []error
	there := slices.Clone(a.known)
	for _, env := range a.environments {
		there = append(there, string(env.Name))
	}
	slices.Sort(there)
	there = slices.Compact(there)
	for _, name := range r.Environments {
		if !slices.Contains(there, string(name)) {
			failed = append(failed, tagboat.Usagef("the application %s has no environment %q", a.name, name).WithHint("its environments: %s", strings.Join(there, ", ")))
		}
	}
	for _, name := range r.Services {
		if !slices.Contains(a.workloads, name) {
			failed = append(failed, tagboat.Usagef("the application %s has no stack of a service %q", a.name, name).WithHint("aws cloudformation list-stacks"))
		}
	}
	if len(r.Environments) > 0 {
		a.environments = slices.DeleteFunc(a.environments, func(env *copilotPlace) bool { return !slices.Contains(r.Environments, env.Name) })
		a.left = slices.DeleteFunc(a.left, func(l tagboat.InitLeftAlone) bool {
			return l.Environment != "" && !slices.Contains(r.Environments, l.Environment)
		})
	}
	if len(r.Services) > 0 {
		for _, env := range a.environments {
			env.stacks = slices.DeleteFunc(env.stacks, func(s copilot.Stack) bool { return !slices.Contains(r.Services, s.Workload) })
		}
	}
	return errors.Join(failed...)
}

// sort takes what was found in one account and region, in which environments are by their records.
func (a *application) sort(at cloud.Place, all []cfn.Stack, recorded []string, failed error) {
	if failed != nil {
		for _, name := range recorded {
			a.leave(name, "", "it cannot be read: %v", failed)
		}
		return
	}
	found := copilot.Sort(a.name, all)
	byName := map[string]*copilotPlace{}
	for _, name := range recorded {
		byName[name] = &copilotPlace{}
	}
	for name := range found.Environments {
		byName[name] = &copilotPlace{created: found.Environments[name].CreatedAt}
	}
	for _, s := range found.Workloads {
		env := byName[s.Environment]
		if env == nil {
			env = &copilotPlace{created: s.CreatedAt}
			byName[s.Environment] = env
		}
		env.stacks = append(env.stacks, s)
		a.workloads = append(a.workloads, s.Workload)
	}
	for name, env := range byName {
		env.Environment = Environment{Name: tagboat.EnvName(name), Region: at.Region, Account: at.Account, Role: at.Role, named: true}
		if len(env.stacks) == 0 {
			a.leave(name, "", "it has no services")
			continue
		}
		a.environments = append(a.environments, env)
	}
	slices.SortFunc(a.environments, func(x, y *copilotPlace) int {
		return cmp.Or(x.created.Compare(y.created), cmp.Compare(x.Name, y.Name))
	})
	a.besides(found)
}

// besides lists what an application has beside services.
func (a *application) besides(found copilot.Stacks) {
	for _, s := range found.Addons {
		if s.Workload == "" {
			a.leave(s.Environment, "addons", "the stack %s stays with CloudFormation, as part of the environment's", s.Name)
		} else {
			a.leave(s.Environment, s.Workload+"/addons", "the stack %s stays with CloudFormation, as part of the service's: an update through that leaves it as it is", s.Name)
		}
	}
	for _, name := range found.Pipelines {
		a.leave("", name, "it is a pipeline, which runs Copilot: docs/ci.md has jobs that run Tagboat")
	}
	for _, name := range found.Tasks {
		a.leave("", name, "it is a task that runs once, and no service")
	}
}

// rest lists what the directory has and no stack.
func (a *application) rest() {
	if a.directory == nil {
		return
	}
	for _, m := range a.directory.Manifests {
		if !slices.Contains(a.workloads, m.Name) {
			a.leave("", m.Name, "it has a manifest, and no stack has it: it was never deployed, or was deleted")
		}
	}
	for _, name := range a.directory.Pipelines {
		if !slices.ContainsFunc(a.left, func(l tagboat.InitLeftAlone) bool { return l.Service == name || strings.HasSuffix(l.Service, "-"+name) }) {
			a.leave("", name, "it is a pipeline, which runs Copilot: docs/ci.md has jobs that run Tagboat")
		}
	}
}
