package fleet

import (
	"errors"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Source has what cells are rendered from.
type Source interface {
	// Templates returns the files of services. The error says everything that is wrong
	// with them at once.
	Templates(services []config.Service) (map[tagboat.ServiceName]Templates, error)
	// Vars returns the variables of a service in an environment.
	Vars(env config.Environment, service tagboat.ServiceName) map[string]any
}

// Templates are a service's files, read once for all environments.
type Templates struct {
	Definition *taskdef.Template // nil where the family is somebody else's
	Service    *taskdef.Template // nil where the service must exist
}

// WorkTree is the Source that reads the files which tagboat.yaml names, as they are now.
type WorkTree struct{ Config *config.Config }

var _ Source = WorkTree{}

// Vars implements Source.
func (w WorkTree) Vars(env config.Environment, service tagboat.ServiceName) map[string]any {
	return w.Config.VarsFor(env, service)
}

// Templates implements Source.
func (w WorkTree) Templates(services []config.Service) (map[tagboat.ServiceName]Templates, error) {
	if err := w.Config.Missing(); err != nil {
		return nil, err
	}
	known := taskdef.Names{
		Vars:   w.Config.VarNames(),
		Env:    slices.Sorted(maps.Keys(envNames(config.Environment{}))),
		Images: slices.Sorted(maps.Keys(w.Config.Images)),
	}
	all := map[tagboat.ServiceName]Templates{}
	var failed []error
	for _, service := range services {
		templates, err := w.read(service, known)
		if err != nil {
			failed = append(failed, err)
		}
		all[service.Name] = templates
	}
	return all, errors.Join(failed...)
}

func (w WorkTree) read(service config.Service, known taskdef.Names) (Templates, error) {
	var templates Templates
	var failed []error
	check := func(t *taskdef.Template, err error) *taskdef.Template {
		if err == nil {
			err = t.Check(known)
		}
		if err != nil {
			failed = append(failed, known.Explain(err))
		}
		return t
	}
	if service.TaskDefinition != "" {
		templates.Definition = check(taskdef.Read(service.TaskDefinition, w.Config.Files))
	}
	if service.ServiceFile != "" {
		templates.Service = check(taskdef.ReadService(service.ServiceFile, w.Config.Files))
	}
	if len(failed) == 0 && templates.Definition != nil {
		if _, err := templates.Definition.Images(service.Containers, service.ContainerPlaces); err != nil {
			failed = append(failed, err)
		}
	}
	return templates, errors.Join(failed...)
}

// envNames returns what ${env.…} stands for in an environment.
func envNames(env config.Environment) map[string]string {
	return map[string]string{
		"name": string(env.Name), "stage": string(env.Stage), "tenant": env.Tenant,
		"account": env.Account, "region": env.Region, "cluster": env.Cluster,
	}
}
