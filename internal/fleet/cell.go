package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/taskdef"
	"github.com/tagboat/tagboat/internal/taskdef/lint"
)

// cell is one service in one environment: a cell of the matrix.
type cell struct {
	env     config.Environment
	service config.Service
	files   templates
	book    ledger.Book
}

// cells returns what a selection chooses, environment by environment, with the pins.
// Everything that is wrong with the user's files is found before the first call.
func (a *App) cells(ctx context.Context, s Selection) ([]cell, error) {
	environments, err := a.environments(s)
	if err != nil {
		return nil, err
	}
	services, err := a.services(s)
	if err != nil {
		return nil, err
	}
	files, err := a.read(services)
	if err != nil {
		return nil, err
	}
	books, err := a.books(ctx, environments)
	if err != nil {
		return nil, err
	}
	var cells []cell
	for _, env := range environments {
		for _, service := range services {
			cells = append(cells, cell{env, service, files[service.Name], books[env.Name]})
		}
	}
	return cells, nil
}

// images returns what each container of the cell should run, in the order of their
// names. Where nothing is pinned the reference has no digest.
func (a *App) images(c cell) ([]deploy.Image, error) {
	containers := c.service.Containers
	if c.files.definition != nil {
		all, err := c.files.definition.Images(containers, c.service.ContainerPlaces)
		if err != nil {
			return nil, err
		}
		containers = all
	}
	var images []deploy.Image
	for _, container := range slices.Sorted(maps.Keys(containers)) {
		name := containers[container]
		ref := a.config.Images[name].Repository
		if pin, ok := c.book.Pin(c.env.Name, name); ok {
			ref = pin.Reference()
		}
		images = append(images, deploy.Image{Container: container, Image: name, Pinned: ref})
	}
	return images, nil
}

// target returns what should run in a cell. revisions are the commits of versions, by
// digest, as far as they are known.
func (a *App) target(ctx context.Context, c cell, revisions map[tagboat.Digest]string) (deploy.Target, error) {
	images, err := a.images(c)
	if err != nil {
		return deploy.Target{}, err
	}
	target := a.bare(c, images)
	if err := a.fillService(c, &target.Desired); err != nil {
		return target, err
	}
	definition, left, err := a.definition(ctx, c, images, revisions)
	target.Desired.Definition, target.Desired.LeftOut = definition, left
	target.Desired.Files = func() lint.Files { return a.rendered(c, target.Desired) }
	return target, err
}

// rendered returns the files of a cell with their places, for what can be told from them.
// They were rendered before, so what cannot be is left out.
func (a *App) rendered(c cell, d deploy.Desired) lint.Files {
	files := lint.Files{Images: map[tagboat.ContainerName]tagboat.Reference{}}
	for _, image := range d.Images {
		files.Images[image.Container] = image.Pinned
	}
	in := a.inputs(c, d.Images, nil)
	if c.files.definition == nil {
		files.Task, files.Registered = d.Definition.Tree(c.service.Where), true
	} else if tree, err := c.files.definition.Fill(in); err == nil {
		files.Task, files.Notes = tree, append(files.Notes, c.files.definition.Notes()...)
	}
	if c.files.service == nil {
		return files
	}
	if tree, err := c.files.service.Fill(in); err == nil {
		files.Service, files.Notes = tree, append(files.Notes, c.files.service.Notes()...)
	}
	return files
}

// bare is a target without definitions.
func (a *App) bare(c cell, images []deploy.Image) deploy.Target {
	return deploy.Target{Client: a.client(c.env), Desired: deploy.Desired{
		Environment: c.env.Name, Service: c.service.Name, Stage: c.env.Stage, Tenant: c.env.Tenant,
		Cluster: c.env.Cluster, ServiceName: string(c.service.Name), Region: c.env.Region, Images: images,
		DependsOn: c.service.DependsOn,
		Where:     c.place,
	}}
}

// fillService renders the service's file, which may name the service.
func (a *App) fillService(c cell, d *deploy.Desired) error {
	if c.files.service == nil {
		return nil
	}
	rendered, err := c.files.service.Render(a.inputs(c, nil, nil))
	if err != nil {
		return err
	}
	if name := rendered.Text("serviceName"); name != "" {
		d.ServiceName = name
	}
	d.ServiceDefinition = &rendered
	return nil
}

// definition renders the template, or takes the family's latest revision and swaps
// nothing but the images. The members of that revision that cannot be registered again
// are left out and named.
func (a *App) definition(ctx context.Context, c cell, images []deploy.Image, revisions map[tagboat.Digest]string) (definition taskdef.Definition, left []string, err error) {
	if c.files.definition != nil {
		definition, err = c.files.definition.Render(a.inputs(c, images, revisions))
		return definition, nil, err
	}
	latest, err := a.session(c.env).ECS().DescribeTaskDefinition(ctx, c.service.Family)
	if errors.Is(err, ecs.ErrNotFound) {
		return taskdef.Definition{}, nil, tagboat.Usagef("there is no task definition %q in %s", c.service.Family, c.env.Name).
			At(c.service.Where).WithHint("register its first revision with what owns it, or name a file: taskDefinition: %s.taskdef.json", c.service.Name)
	}
	if err != nil {
		return taskdef.Definition{}, nil, fmt.Errorf("reading task definition %q: %w", c.service.Family, err)
	}
	current, err := taskdef.FromJSON(latest.Record)
	if err != nil {
		return taskdef.Definition{}, nil, fmt.Errorf("reading task definition %q: %w", c.service.Family, err)
	}
	swaps := map[tagboat.ContainerName]taskdef.Swap{}
	for _, image := range images {
		if image.Pinned.Digest == "" {
			return taskdef.Definition{}, nil, notPinned(c, image.Image)
		}
		swaps[image.Container] = taskdef.Swap{
			Image: image.Image, Pinned: image.Pinned,
			Revision: revisions[image.Pinned.Digest], Where: c.service.ContainerPlaces[image.Container],
		}
	}
	_, left = taskdef.Input(current)
	definition, err = taskdef.SwapImages(current, swaps)
	return definition, left, err
}

func notPinned(c cell, image tagboat.ImageName) error {
	return tagboat.Usagef("no version of the image %s is pinned in %s", image, c.env.Name).
		WithHint("tagboat pin %s=TAG --env %s", image, c.env.Name)
}

func (a *App) inputs(c cell, images []deploy.Image, revisions map[tagboat.Digest]string) taskdef.Inputs {
	in := taskdef.Inputs{
		Vars:       a.config.VarsFor(c.env, c.service.Name),
		Env:        envNames(a.located(c.env)),
		Images:     map[tagboat.ImageName]tagboat.Reference{},
		Revisions:  map[tagboat.ImageName]string{},
		Containers: c.service.Containers,
		Places:     c.service.ContainerPlaces,
	}
	for name := range a.config.Images {
		if pin, ok := c.book.Pin(c.env.Name, name); ok {
			in.Images[name] = pin.Reference()
		}
	}
	for _, image := range images {
		if revision := revisions[image.Pinned.Digest]; revision != "" {
			in.Revisions[image.Image] = revision
		}
	}
	return in
}

// located returns an environment with the region that it has, which the file may leave
// to the AWS configuration.
func (a *App) located(env config.Environment) config.Environment {
	if env.Region == "" {
		env.Region = a.session(env).Region()
	}
	return env
}

// place finds a member of the service's files.
func (c cell) place(path ...string) tagboat.Position {
	file := c.files.definition
	if len(path) > 0 && path[0] == "service" {
		file, path = c.files.service, path[1:]
	}
	if file == nil {
		return c.service.Where
	}
	return file.Place(path...)
}
