package app

import (
	"errors"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// templates are a service's files, read once for all environments.
type templates struct {
	definition *taskdef.Template // nil where the family is somebody else's
	service    *taskdef.Template // nil where the service must exist
}

// read reads the files of each service, and tells everything that is wrong with them
// at once.
func (a *App) read(services []config.Service) (map[tagboat.ServiceName]templates, error) {
	known := taskdef.Names{
		Vars:   a.config.VarNames(),
		Env:    slices.Sorted(maps.Keys(envNames(config.Environment{}))),
		Images: slices.Sorted(maps.Keys(a.config.Images)),
	}
	all := map[tagboat.ServiceName]templates{}
	var failed []error
	for _, service := range services {
		files, err := a.readService(service, known)
		if err != nil {
			failed = append(failed, err)
		}
		all[service.Name] = files
	}
	return all, errors.Join(failed...)
}

func (a *App) readService(service config.Service, known taskdef.Names) (templates, error) {
	var files templates
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
		files.definition = check(taskdef.Read(service.TaskDefinition, a.config.Files))
	}
	if service.ServiceFile != "" {
		files.service = check(taskdef.ReadService(service.ServiceFile, a.config.Files))
	}
	if len(failed) == 0 && files.definition != nil {
		if _, err := files.definition.Images(service.Containers, service.ContainerPlaces); err != nil {
			failed = append(failed, err)
		}
	}
	return files, errors.Join(failed...)
}

// envNames returns what ${env.…} stands for in an environment.
func envNames(env config.Environment) map[string]string {
	return map[string]string{
		"name": string(env.Name), "stage": string(env.Stage), "tenant": env.Tenant,
		"account": env.Account, "region": env.Region, "cluster": env.Cluster,
	}
}
