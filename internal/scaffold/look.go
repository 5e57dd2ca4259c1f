package scaffold

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Environment is what was found in one cluster.
type Environment struct {
	Name      tagboat.EnvName
	Region    string
	Account   string // "" for the one that the credentials are for
	Role      string // that it is reached through; "" for none
	Cluster   string
	Services  []Service // by name
	LeftAlone []tagboat.InitLeftAlone
	named     bool // whether the name alone says what it is for, and not that of the cluster
}

// Service is a service as it runs.
type Service struct {
	Name       string             // in ECS
	Record     json.RawMessage    // of DescribeServices
	Definition taskdef.Definition // of the PRIMARY deployment, as DescribeTaskDefinition answers it
	Containers []Container
}

// Container is what a container runs.
type Container struct {
	Name tagboat.ContainerName
	// Image is the repository as the task definition names it, with the tag that it names, and
	// with the digest that it names or that the tasks run, or that the registry has for the tag.
	Image tagboat.Reference
	// Guessed says that the digest is the registry's, since no task runs.
	Guessed bool
}

// look reads the clusters of a request, one call for ten services.
func (s Scaffold) look(ctx context.Context, r Request, kept *ecspresso) ([]Environment, error) {
	if kept != nil {
		r.Clusters, r.Services, r.Region = []string{kept.Cluster}, []string{kept.Service}, cmp.Or(r.Region, kept.Region)
	}
	region := cmp.Or(r.Region, s.Access.At(cloud.Place{}).Region())
	session := s.Access.At(cloud.Place{Region: region}) // as an environment with that region has it
	names, err := environmentNames(r)
	if err != nil {
		return nil, err
	}
	found := make([]Environment, len(r.Clusters))
	for i, cluster := range r.Clusters {
		found[i] = Environment{Name: names[i], Region: session.Region(), Cluster: ecs.LastPart(cluster)}
		if err := s.lookAtCluster(ctx, session.ECS(), r.Services, &found[i]); err != nil {
			return nil, err
		}
	}
	return found, checkFound(r, found)
}

// checkFound returns an error where a service that was asked for is nowhere.
func checkFound(r Request, found []Environment) error {
	var failed []error
	for _, name := range r.Services {
		there := slices.ContainsFunc(found, func(env Environment) bool {
			return slices.ContainsFunc(env.Services, func(s Service) bool { return s.Name == name }) ||
				slices.ContainsFunc(env.LeftAlone, func(l tagboat.InitLeftAlone) bool { return l.Service == name })
		})
		if !there {
			failed = append(failed, tagboat.Usagef("there is no service %q in cluster %s", name, r.Clusters[0]).
				WithHint("aws ecs list-services --cluster %s", r.Clusters[0]))
		}
	}
	return errors.Join(failed...)
}

func (s Scaffold) lookAtCluster(ctx context.Context, from *cloud.ECS, only []string, env *Environment) error {
	names, err := from.ListServices(ctx, env.Cluster)
	if errors.Is(err, ecs.ErrNotFound) {
		return tagboat.Usagef("there is no cluster %q in %s", env.Cluster, env.Region).WithHint("aws ecs list-clusters --region %s", env.Region)
	}
	if err != nil {
		return fmt.Errorf("listing the services of cluster %q: %w", env.Cluster, err)
	}
	if len(only) > 0 {
		names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(only, name) })
	}
	records, _, err := from.DescribeServices(ctx, env.Cluster, names)
	if err != nil {
		return fmt.Errorf("reading the services of cluster %q: %w", env.Cluster, err)
	}
	slices.SortFunc(records, func(a, b ecs.Service) int { return cmp.Compare(a.Name, b.Name) })
	var taken []ecs.Service
	for _, record := range records {
		if why := cannotTake(record); why != "" {
			env.LeftAlone = append(env.LeftAlone, tagboat.InitLeftAlone{Environment: env.Name, Service: record.Name, Reason: why})
		} else {
			taken = append(taken, record)
		}
	}
	return s.lookAtServices(ctx, from, taken, env)
}

// cannotTake says why deploying cannot deal with a service; "" where it can.
func cannotTake(s ecs.Service) string {
	var more struct {
		Manager  string            `json:"resourceManagementType"`
		TaskSets []json.RawMessage `json:"taskSets"`
	}
	_ = json.Unmarshal(s.Record, &more) // AWS answered it
	primary, ok := s.Primary()
	switch {
	case s.Status != ecs.Active:
		return "it is " + s.Status
	case more.Manager != "" && more.Manager != "CUSTOMER":
		return fmt.Sprintf("something else manages it (resourceManagementType %s), as it does Express Mode services", more.Manager)
	case s.Controller != "" && s.Controller != "ECS":
		return fmt.Sprintf("its deployment controller is %s, and deploy rolls services of the controller ECS", s.Controller)
	case len(more.TaskSets) > 0:
		return "it has task sets, which somebody else rolls"
	case !ok || primary.TaskDefinition == "":
		return "it has no task definition"
	default:
		return ""
	}
}

// looksAtOnce is how many task definitions are read at the same time.
const looksAtOnce = 8

// lookAtServices reads the task definitions and the tasks of services.
func (s Scaffold) lookAtServices(ctx context.Context, from *cloud.ECS, records []ecs.Service, env *Environment) error {
	if len(records) == 0 {
		return nil
	}
	var names []string
	for _, record := range records {
		names = append(names, record.Name)
	}
	tasks, _, err := deploy.TaskLook{Client: from, Cluster: env.Cluster, Desired: ecs.Running, Services: names}.Read(ctx)
	if err != nil {
		return err
	}
	definitions, err := readDefinitions(ctx, from, records)
	if err != nil {
		return err
	}
	for _, record := range records {
		primary, _ := record.Primary()
		found := Service{Name: record.Name, Record: record.Record, Definition: definitions[primary.TaskDefinition]}
		if found.Containers, err = s.containers(ctx, found.Definition, primary, tasks[record.Name]); err != nil {
			return err
		}
		env.Services = append(env.Services, found)
	}
	return nil
}

// readDefinitions reads the task definitions of services, each once, by ARN.
func readDefinitions(ctx context.Context, from *cloud.ECS, records []ecs.Service) (map[string]taskdef.Definition, error) {
	var arns []string
	for _, record := range records {
		primary, _ := record.Primary()
		arns = append(arns, primary.TaskDefinition)
	}
	slices.Sort(arns)
	arns = slices.Compact(arns)
	read := make([]taskdef.Definition, len(arns))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(looksAtOnce)
	for i, arn := range arns {
		group.Go(func() error {
			described, err := from.DescribeTaskDefinition(ctx, arn)
			if err != nil {
				return fmt.Errorf("reading task definition %q: %w", ecs.LastPart(arn), err)
			}
			read[i], err = taskdef.FromJSON(described.Record)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	definitions := map[string]taskdef.Definition{}
	for i, arn := range arns {
		definitions[arn] = read[i]
	}
	return definitions, nil
}

// containers returns what the containers of a service run.
func (s Scaffold) containers(ctx context.Context, definition taskdef.Definition, primary ecs.Deployment, tasks []ecs.Task) ([]Container, error) {
	tasks = slices.DeleteFunc(slices.Clone(tasks), func(t ecs.Task) bool { return t.StartedBy != primary.ID })
	var containers []Container
	images := definition.Containers()
	for _, name := range definition.ContainerNames() {
		ref, err := tagboat.ParseReference(images[name])
		if err != nil {
			return nil, fmt.Errorf("reading the image of container %q of %s: %w", name, definition.Family(), err)
		}
		if ref.Digest == "" {
			ref.Digest = deploy.ImageStates([]deploy.Image{{Container: name, Pinned: ref}}, tasks)[0].Running
		}
		guessed := ref.Digest == ""
		if guessed {
			ref.Digest = s.inRegistry(ctx, ref)
		}
		containers = append(containers, Container{Name: name, Image: ref, Guessed: guessed})
	}
	return containers, nil
}

// inRegistry returns the digest that a registry has for the tag of an image that no task runs; ""
// where it does not say.
func (s Scaffold) inRegistry(ctx context.Context, ref tagboat.Reference) tagboat.Digest {
	ref = withHost(ref)
	ref.Tag = cmp.Or(ref.Tag, "latest")
	version, err := s.Registry.Resolve(ctx, ref)
	if err != nil {
		return ""
	}
	return version.Reference.Digest
}

// withHost writes out the host of Docker Hub's short names.
func withHost(ref tagboat.Reference) tagboat.Reference {
	if ref.Host != "" {
		return ref
	}
	name, err := tagboat.ParseReference(ref.CanonicalName())
	if err != nil {
		return ref
	}
	ref.Host, ref.Repository = name.Host, name.Repository
	return ref
}
