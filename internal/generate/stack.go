package generate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/generate/stack"
	"github.com/tagboat/tagboat/internal/iam"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Stack returns a template of all that an environment lives in, but for what exists. It calls AWS
// only to learn accounts that tagboat.yaml does not say.
func (g Generator) Stack(ctx context.Context, name tagboat.EnvName, services []tagboat.ServiceName, existing []string) (stack.Template, error) {
	for _, part := range existing {
		if !slices.Contains(stack.Existing(), part) {
			return stack.Template{}, tagboat.Usagef("a stack makes no %q", part).WithHint("%s", tagboat.Suggest(part, stack.Existing()))
		}
	}
	env, err := g.environment(name)
	if err != nil {
		return stack.Template{}, err
	}
	at, err := g.whereabouts(ctx, env)
	if err != nil {
		return stack.Template{}, err
	}
	s := &stack.Stack{
		App: g.Fleet.Config.App, Environment: string(env.Name), Account: at.Account, Region: at.Region, Cluster: env.Cluster, Existing: existing,
	}
	if err := g.stackServices(s, env, services); err != nil {
		return stack.Template{}, err
	}
	if err := g.shared(ctx, s, env, at); err != nil {
		return stack.Template{}, err
	}
	if !slices.Contains(existing, stack.Repositories) {
		if err := g.stackRepositories(ctx, s, at); err != nil {
			return stack.Template{}, err
		}
	}
	if !slices.Contains(existing, stack.Watch) {
		if err := g.stackWatching(ctx, s, at); err != nil {
			return stack.Template{}, err
		}
	}
	return s.Template()
}

// stackServices adds the services, all where none is named.
func (g Generator) stackServices(s *stack.Stack, env config.Environment, names []tagboat.ServiceName) error {
	services, err := g.Fleet.Services(fleet.Selection{Services: names})
	if err != nil {
		return err
	}
	cells, err := g.Fleet.Unpinned(env, services)
	if err != nil {
		return err
	}
	var pins Snippet // of all services, so that each parameter is there once
	for _, cell := range cells {
		if cell.Templates.Definition == nil {
			return tagboat.Usagef("the task definition of %s is somebody else's, and a stack is made from a file", cell.Service.Name).
				At(cell.Service.Where).WithHint("name a file: taskDefinition: %s.taskdef.json; or choose other services with --service", cell.Service.Name)
		}
		images, err := cell.Images()
		if err != nil {
			return err
		}
		for _, image := range images {
			pins.Containers = append(pins.Containers, g.container(env, image))
		}
	}
	for _, input := range pins.Inputs() {
		s.Inputs = append(s.Inputs, stack.Input{ID: input.ID, Name: input.Name})
	}
	for _, cell := range cells {
		service, err := g.stackService(cell, pins)
		if err != nil {
			return err
		}
		s.Services = append(s.Services, service)
	}
	return nil
}

func (g Generator) stackService(cell fleet.Cell, pins Snippet) (stack.Service, error) {
	want, err := cell.Offline()
	if err != nil {
		return stack.Service{}, err
	}
	images, err := cell.Images()
	if err != nil {
		return stack.Service{}, err
	}
	service := stack.Service{Name: string(cell.Service.Name), ServiceName: want.ServiceName, Images: map[string]stack.Expression{}, Where: cell.Service.Where}
	for _, on := range cell.Service.DependsOn {
		service.DependsOn = append(service.DependsOn, string(on))
	}
	if service.Definition, err = membersOf(want.Definition); err != nil {
		return service, err
	}
	if want.ServiceDefinition != nil {
		if service.Service, err = membersOf(*want.ServiceDefinition); err != nil {
			return service, err
		}
		for _, member := range []string{"cluster", "taskDefinition"} {
			delete(service.Service, member) // tagboat.yaml has them
		}
	}
	for _, image := range images {
		c := g.container(cell.Env, image)
		c.Repository = g.Fleet.Config.RepositoryIn(cell.Env, image.Image).Name()
		service.Images[string(image.Container)] = stack.Expression(pins.orNothing(c))
	}
	service.Repositories = pulled(service.Definition)
	return service, nil
}

// orNothing returns the expression of a container's image; where it is not pinned, one that nothing
// has, so that a stack can be created before there are images.
func (s Snippet) orNothing(c Container) string {
	none := "sha256:" + strings.Repeat("0", 64)
	switch c.Form {
	case ledger.FormURI:
		none = c.Repository + "@" + none
	case ledger.FormTag:
		none = "none"
	case ledger.FormDigest:
	default:
		none = "none@" + none
	}
	for _, input := range s.Inputs() {
		if input.Name == c.Parameter {
			return c.image(c.taken(fmt.Sprintf(`!Sub '${%s}"%s":"%s"'`, input.ID, c.Key, none)))
		}
	}
	return ""
}

// membersOf returns a definition without the labels that Tagboat writes when it registers.
func membersOf(d taskdef.Definition) (map[string]any, error) {
	var members map[string]any
	if err := json.Unmarshal(d.JSON(), &members); err != nil {
		return nil, fmt.Errorf("reading a definition: %w", err)
	}
	containers, _ := members["containerDefinitions"].([]any)
	for _, c := range containers {
		container, _ := c.(map[string]any)
		labels, _ := container["dockerLabels"].(map[string]any)
		for _, label := range []string{taskdef.LabelTag, taskdef.LabelImage, taskdef.LabelRevision, taskdef.LabelInput} {
			delete(labels, label)
		}
		if len(labels) == 0 {
			delete(container, "dockerLabels")
		}
	}
	return members, nil
}

// pulled returns the ARNs of the repositories in ECR that a definition's containers run from.
func pulled(definition map[string]any) []string {
	var arns []string
	containers, _ := definition["containerDefinitions"].([]any)
	for _, c := range containers {
		container, _ := c.(map[string]any)
		image, _ := container["image"].(string)
		ref, err := tagboat.ParseReference(image)
		if err != nil {
			continue
		}
		for _, r := range inECR(ref) {
			arns = append(arns, r.ARN())
		}
	}
	return unique(arns)
}

// shared says what of the stack other environments of the same place have, too, so that it belongs to
// one stack alone.
func (g Generator) shared(ctx context.Context, s *stack.Stack, env config.Environment, at iam.Place) error {
	var once []string
	for _, part := range []string{stack.Repositories, stack.Watch} {
		if !slices.Contains(s.Existing, part) {
			once = append(once, part)
		}
	}
	for _, other := range g.Fleet.Config.SortedEnvironments() {
		place, err := g.whereabouts(ctx, other)
		if err != nil {
			return err
		}
		if other.Name == env.Name || place != at {
			continue
		}
		if len(once) > 0 {
			s.Note("%s is in the same account and region: its stack needs --existing %s", other.Name, strings.Join(once, ","))
		}
		if other.Cluster == env.Cluster && !slices.Contains(s.Existing, stack.Cluster) {
			s.Note("%s has the same cluster: its stack needs --existing cluster", other.Name)
		}
		g.sharedLogs(s, other)
	}
	return nil
}

func (g Generator) sharedLogs(s *stack.Stack, other config.Environment) {
	services, err := g.deployable(other)
	if err != nil || slices.Contains(s.Existing, stack.Logs) {
		return // what is wrong there is said where that environment is looked at
	}
	for _, theirs := range services {
		for _, group := range theirs.LogGroups {
			for _, mine := range s.Services {
				if mine.Logs(group) {
					s.Note("%s: the log group %s is that of %s, too. Write ${env.name} into its name, or add --existing logs to all environments but one", mine.Name, group, other.Name)
				}
			}
		}
	}
}

// stackRepositories adds the repositories of ECR that belong to the stack's account and region.
func (g Generator) stackRepositories(ctx context.Context, s *stack.Stack, at iam.Place) error {
	c := g.Fleet.Config
	pullers, err := g.otherAccounts(ctx, at)
	if err != nil {
		return err
	}
	for _, name := range sortedImages(c) {
		image := c.Images[name]
		account, region, ok := tagboat.ParseECRHost(image.Repository.Host)
		if !ok || account != at.Account || region != at.Region {
			s.Note("repository %s: it is not in ECR in account %s and region %s, and the stack does not make it", image.Repository.Name(), at.Account, at.Region)
			continue
		}
		fixed := image.Select.Fixed()
		r := stack.Repository{Name: image.Repository.Repository, Pullers: pullers, Moving: catalog.MovingTags(c, image), Protected: g.stageTags(image), Untagged: fixed == ""}
		if fixed != "" {
			r.Moving = unique(append(r.Moving, fixed))
		}
		s.Repositories = append(s.Repositories, r)
	}
	for _, stage := range c.Stages {
		if len(stage.Tags) == 0 {
			s.Note("stage %s has no tags, so that the lifecycle policies keep of what is pinned there only what is among the newest 100 tagged images. Add tags: [%q] to the stage", stage.Name, "{environment}-{time:20060102-150405}")
		}
	}
	if releases := inECR(c.Releases.Repository); len(releases) == 1 && releases[0].Place == at {
		s.Repositories = append(s.Repositories, stack.Repository{Name: releases[0].Name, Releases: true, Pullers: pullers})
	}
	return nil
}

func sortedImages(c *config.Config) []tagboat.ImageName {
	var names []tagboat.ImageName
	for name := range c.Images {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// otherAccounts returns the accounts of environments beside the stack's.
func (g Generator) otherAccounts(ctx context.Context, at iam.Place) ([]string, error) {
	var accounts []string
	for _, env := range g.Fleet.Config.SortedEnvironments() {
		place, err := g.whereabouts(ctx, env)
		if err != nil {
			return nil, err
		}
		if place.Account != at.Account {
			accounts = append(accounts, place.Account)
		}
	}
	return unique(accounts), nil
}

// stageTags returns the tags that stages put on an image's versions, with * for what is not known.
func (g Generator) stageTags(image config.Image) []string {
	var tags []string
	for _, env := range g.Fleet.Config.SortedEnvironments() {
		names := g.Fleet.Config.TagNames(env, tagboat.Pin{Image: image.Name})
		for _, pattern := range g.Fleet.Config.StageOf(env).Tags {
			if filter := pattern.Filter(names); filter != "*" { // all versions, and so nothing of its own
				tags = append(tags, filter)
			}
		}
	}
	return unique(tags)
}
