package app

import (
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloudformation"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Snippet returns what a template needs to read the pins of a service in an environment,
// which can be left out where there is only one. It makes no call.
func (a *App) Snippet(service tagboat.ServiceName, env tagboat.EnvName) (cloudformation.Snippet, error) {
	found, err := a.config.Service(string(service))
	if err != nil {
		return cloudformation.Snippet{}, err
	}
	where, err := a.theEnvironment(env)
	if err != nil {
		return cloudformation.Snippet{}, err
	}
	files, err := a.read([]config.Service{found})
	if err != nil {
		return cloudformation.Snippet{}, err
	}
	images, err := a.images(cell{env: where, service: found, files: files[service]})
	if err != nil {
		return cloudformation.Snippet{}, err
	}
	snippet := cloudformation.Snippet{Service: service, Environment: where.Name}
	for _, image := range images {
		snippet.Containers = append(snippet.Containers, a.snippetContainer(where, image))
	}
	return snippet, nil
}

func (a *App) snippetContainer(env config.Environment, image deploy.Image) cloudformation.Container {
	of := a.config.Images[image.Image]
	group := a.config.GroupOf(image.Image)
	c := cloudformation.Container{
		Name: image.Container, Image: image.Image, Repository: of.Repository.Name(),
		Parameter: a.config.ParameterName(env, group), Key: group.KeyOf(of), Form: ledger.Form(group.Form),
		Single: a.config.ProjectionName(env, image.Image), SingleForm: ledger.Form(a.config.Ledger.Projections.Form),
	}
	if c.Single == "" {
		c.Single, c.SingleForm = c.Parameter+"/"+string(image.Image), ledger.FormURI
	}
	return c
}

// theEnvironment returns the one named, or the only one.
func (a *App) theEnvironment(name tagboat.EnvName) (config.Environment, error) {
	if name != "" {
		return a.config.Environment(string(name))
	}
	all := slices.Sorted(maps.Keys(a.config.Environments))
	if len(all) == 1 {
		return a.config.Environments[all[0]], nil
	}
	return config.Environment{}, tagboat.Usagef("there are %d environments, and a template reads one", len(all)).
		WithHint("choose one with --env; its parameter's name is the only thing that differs")
}
