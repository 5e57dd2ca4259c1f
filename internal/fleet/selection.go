package fleet

import (
	"errors"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

// Selection chooses environments and services. Empty lists and names choose all.
type Selection struct {
	Environments []tagboat.EnvName
	Stage        tagboat.StageName
	Tenant       string
	Services     []tagboat.ServiceName
	// Images choose the services that run one of them, beside those of Services.
	Images []tagboat.ImageName
	// Everywhere says that all environments are meant: what changes something asks for it.
	Everywhere bool
	// WorkTree has what the work tree says deployed, also where an environment has a release.
	WorkTree bool
	// Allow are the logical ids of resources that updates of stacks may change, beside services and
	// their task definitions.
	Allow []string
}

// Scoped reports whether s says which environments are meant.
func (s Selection) Scoped() bool {
	return s.Everywhere || len(s.Environments) > 0 || s.Stage != "" || s.Tenant != ""
}

// CheckScope returns an error of kind Usage where something is to change and nobody said
// where, unless there is one environment only.
func (f *Fleet) CheckScope(command string, s Selection) error {
	if s.Scoped() || len(f.Config.Environments) <= 1 {
		return nil
	}
	all := f.Config.SortedEnvironments()
	return tagboat.Usagef("%s changes something, and %s has %d environments", command, f.Config.File, len(all)).
		WithHint("say which are meant: tagboat %s --env %s, or --stage %s, or --all-environments", command, all[0].Name, all[0].Stage)
}

// Environments returns those that s chooses, in the order of their stages.
func (f *Fleet) Environments(s Selection) ([]config.Environment, error) {
	var failed []error
	for _, name := range s.Environments {
		if _, err := f.Config.Environment(string(name)); err != nil {
			failed = append(failed, err)
		}
	}
	failed = append(failed, f.checkStage(s.Stage), f.checkTenant(s.Tenant))
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	var chosen []config.Environment
	for _, env := range f.Config.SortedEnvironments() {
		named := len(s.Environments) == 0 || slices.Contains(s.Environments, env.Name)
		if named && (s.Stage == "" || env.Stage == s.Stage) && (s.Tenant == "" || env.Tenant == s.Tenant) {
			chosen = append(chosen, env)
		}
	}
	if len(chosen) == 0 {
		return nil, f.noEnvironment(s)
	}
	return chosen, nil
}

func (f *Fleet) checkStage(stage tagboat.StageName) error {
	var stages []string
	for _, s := range f.Config.Stages {
		if s.Name == stage {
			return nil
		}
		stages = append(stages, string(s.Name))
	}
	if stage == "" {
		return nil
	}
	return tagboat.Usagef("there is no stage %q", stage).WithHint("%s", tagboat.Suggest(string(stage), stages))
}

func (f *Fleet) checkTenant(tenant string) error {
	var tenants []string
	for _, env := range f.Config.SortedEnvironments() {
		if env.Tenant == tenant {
			return nil
		}
		if env.Tenant != "" && !slices.Contains(tenants, env.Tenant) {
			tenants = append(tenants, env.Tenant)
		}
	}
	if tenant == "" {
		return nil
	}
	e := tagboat.Usagef("no environment is of tenant %q", tenant)
	if len(tenants) == 0 {
		return e.WithHint("give one a tenant: %s in %s", tenant, f.Config.File)
	}
	return e.WithHint("%s", tagboat.Suggest(tenant, tenants))
}

func (f *Fleet) noEnvironment(s Selection) error {
	switch {
	case s.Stage != "" && s.Tenant != "":
		return tagboat.Usagef("no environment is of stage %s and tenant %s", s.Stage, s.Tenant).WithHint("give one stage: %s and tenant: %s in %s", s.Stage, s.Tenant, f.Config.File)
	case s.Stage != "":
		return tagboat.Usagef("no environment is of stage %s", s.Stage).WithHint("give one stage: %s in %s", s.Stage, f.Config.File)
	default:
		return tagboat.Usagef("%s has no environments", f.Config.File).WithHint("add one under environments:")
	}
}

// Services returns those that s chooses, by name.
func (f *Fleet) Services(s Selection) ([]config.Service, error) {
	names, err := f.runners(s.Images)
	failed := []error{err}
	for _, name := range s.Services {
		if _, err := f.Config.Service(string(name)); err != nil {
			failed = append(failed, err)
		}
	}
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	names = append(names, s.Services...)
	var chosen []config.Service
	for _, name := range slices.Sorted(maps.Keys(f.Config.Services)) {
		if len(names) == 0 || slices.Contains(names, name) {
			chosen = append(chosen, f.Config.Services[name])
		}
	}
	return chosen, nil
}

// runners returns the services that run images. What is wrong with the files of others does
// not matter.
func (f *Fleet) runners(images []tagboat.ImageName) ([]tagboat.ServiceName, error) {
	var running []tagboat.ServiceName
	ran := map[tagboat.ImageName]bool{}
	if len(images) > 0 {
		all := slices.Collect(maps.Values(f.Config.Services))
		templates, _ := f.Source.Templates(all)
		for _, service := range all {
			for _, image := range runs(service, templates[service.Name]) {
				if slices.Contains(images, image) {
					running, ran[image] = append(running, service.Name), true
				}
			}
		}
	}
	var failed []error
	for _, name := range images {
		image, err := f.Config.Image(string(name))
		if err == nil && !ran[name] {
			err = tagboat.Usagef("no service runs the image %s", name).At(image.Where).
				WithHint("tagboat pin pins it; or name it under the containers of a service")
		}
		failed = append(failed, err)
	}
	return running, errors.Join(failed...)
}

// runs returns the images that the containers of a service run.
func runs(service config.Service, templates Templates) []tagboat.ImageName {
	containers := service.Containers
	if templates.Definition != nil {
		if all, err := templates.Definition.Images(service.Containers, service.ContainerPlaces); err == nil {
			containers = all
		}
	}
	return slices.Collect(maps.Values(containers))
}
