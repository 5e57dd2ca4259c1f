package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/taskdef"
	"github.com/tagboat/tagboat/internal/taskdef/lint"
)

// Cell is one service in one environment: a cell of the matrix.
type Cell struct {
	Env       config.Environment
	Service   config.Service
	Templates Templates
	pins      *pins
	fleet     *Fleet
	run       *run
}

// run is what the cells of one selection have between them.
type run struct {
	stacks deploy.StackReader
	allow  []string // logical ids of resources that updates of stacks may change
}

// pins are what an environment has, found once for all of its cells.
type pins struct {
	book     ledger.Book
	versions map[tagboat.ImageName]tagboat.Reference
}

func (f *Fleet) pins(env config.Environment, book ledger.Book) *pins {
	p := &pins{book, map[tagboat.ImageName]tagboat.Reference{}}
	for _, pin := range book.Pins(env.Name) {
		if _, ok := f.Config.Images[pin.Image]; ok {
			p.versions[pin.Image] = pin.Reference()
		}
	}
	return p
}

// noPins has a digest for every image that no image has.
func (f *Fleet) noPins() *pins {
	p := &pins{versions: map[tagboat.ImageName]tagboat.Reference{}}
	for name, image := range f.Config.Images {
		ref := image.Repository
		ref.Digest = tagboat.Digest("sha256:" + strings.Repeat("0", 64))
		p.versions[name] = ref
	}
	return p
}

// Book returns the pins and holds of the cell's environment, as they were read.
func (c Cell) Book() ledger.Book { return c.pins.book }

// Images returns what each container of the cell should run, in the order of their
// names. Where nothing is pinned the reference has no digest.
func (c Cell) Images() ([]deploy.Image, error) {
	containers := c.Service.Containers
	if c.Templates.Definition != nil {
		all, err := c.Templates.Definition.Images(containers, c.Service.ContainerPlaces)
		if err != nil {
			return nil, err
		}
		containers = all
	}
	var images []deploy.Image
	for _, container := range slices.Sorted(maps.Keys(containers)) {
		name := containers[container]
		ref, ok := c.pins.versions[name]
		if !ok {
			ref = c.fleet.Config.RepositoryIn(c.Env, name)
		}
		images = append(images, deploy.Image{Container: container, Image: name, Pinned: ref})
	}
	return images, nil
}

// Target returns what should run in a cell. revisions are the commits of versions, by
// digest, as far as they are known.
func (c Cell) Target(ctx context.Context, revisions map[tagboat.Digest]string) (deploy.Target, error) {
	images, err := c.Images()
	if err != nil {
		return deploy.Target{}, err
	}
	if c.Service.Stack != nil {
		return c.through(ctx, images)
	}
	target := c.bare(images)
	if err := c.fillService(&target.Desired); err != nil {
		return target, err
	}
	definition, left, err := c.definition(ctx, images, revisions)
	target.Desired.Definition, target.Desired.LeftOut = definition, left
	if !c.Service.Express {
		target.Desired.Files = func() lint.Files { return c.rendered(target.Desired) }
	}
	return target, err
}

// rendered returns the files of a cell with their places, for what can be told from them.
// They were rendered before, so what cannot be is left out.
func (c Cell) rendered(d deploy.Desired) lint.Files {
	files := lint.Files{Images: map[tagboat.ContainerName]tagboat.Reference{}}
	for _, image := range d.Images {
		files.Images[image.Container] = image.Pinned
	}
	in := c.inputs(d.Images, nil)
	if c.Templates.Definition == nil {
		files.Task, files.Registered = d.Definition.Tree(c.Service.Where), true
	} else if tree, err := c.Templates.Definition.Fill(in); err == nil {
		files.Task, files.Notes = tree, append(files.Notes, c.Templates.Definition.Notes()...)
	}
	if c.Templates.Service == nil {
		return files
	}
	if tree, err := c.Templates.Service.Fill(in); err == nil {
		files.Service, files.Notes = tree, append(files.Notes, c.Templates.Service.Notes()...)
	}
	return files
}

// bare is a target without definitions.
func (c Cell) bare(images []deploy.Image) deploy.Target {
	return deploy.Target{Client: c.fleet.Access.Client(c.Env), Desired: deploy.Desired{
		Environment: c.Env.Name, Service: c.Service.Name, Stage: c.Env.Stage, Tenant: c.Env.Tenant,
		Cluster: c.Env.Cluster, ServiceName: string(c.Service.Name), Region: c.Env.Region, Images: images,
		DependsOn: c.Service.DependsOn, Express: c.Service.Express,
		Where: c.place,
	}}
}

// fillService renders the service's file, which may name the service.
func (c Cell) fillService(d *deploy.Desired) error {
	if c.Templates.Service == nil {
		return nil
	}
	rendered, err := c.Templates.Service.Render(c.inputs(nil, nil))
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
func (c Cell) definition(ctx context.Context, images []deploy.Image, revisions map[tagboat.Digest]string) (definition taskdef.Definition, left []string, err error) {
	if c.Templates.Definition != nil {
		definition, err = c.Templates.Definition.Render(c.inputs(images, revisions))
		return definition, nil, err
	}
	if c.Service.Express { // it is made of what the service has
		return taskdef.Definition{}, nil, c.allPinned(images)
	}
	latest, err := c.fleet.Access.Session(c.Env).ECS().DescribeTaskDefinition(ctx, c.Service.Family)
	if errors.Is(err, ecs.ErrNotFound) {
		return taskdef.Definition{}, nil, tagboat.Usagef("there is no task definition %q in %s", c.Service.Family, c.Env.Name).
			At(c.Service.Where).WithHint("register its first revision with what owns it, or name a file: taskDefinition: %s.taskdef.json", c.Service.Name)
	}
	if err != nil {
		return taskdef.Definition{}, nil, fmt.Errorf("reading task definition %q: %w", c.Service.Family, err)
	}
	current, err := taskdef.FromJSON(latest.Record)
	if err != nil {
		return taskdef.Definition{}, nil, fmt.Errorf("reading task definition %q: %w", c.Service.Family, err)
	}
	swaps := map[tagboat.ContainerName]taskdef.Swap{}
	for _, image := range images {
		if image.Pinned.Digest == "" {
			return taskdef.Definition{}, nil, c.notPinned(image)
		}
		swaps[image.Container] = taskdef.Swap{
			Image: image.Image, Pinned: image.Pinned,
			Revision: revisions[image.Pinned.Digest], Where: c.Service.ContainerPlaces[image.Container],
		}
	}
	_, left = taskdef.Input(current)
	definition, err = taskdef.SwapImages(current, swaps)
	return definition, left, err
}

func (c Cell) allPinned(images []deploy.Image) error {
	for _, image := range images {
		if image.Pinned.Digest == "" {
			return c.notPinned(image)
		}
	}
	return nil
}

// notPinned says that an image has no version, or a tag alone.
func (c Cell) notPinned(of deploy.Image) error {
	return taskdef.NotPinned(of.Image, of.Pinned.Tag, c.Env.Name, c.byRelease())
}

// byRelease reports whether versions come to the environment by releases alone.
func (c Cell) byRelease() bool { return len(c.fleet.Config.StageOf(c.Env).Gates.OfReleases()) > 0 }

func (c Cell) inputs(images []deploy.Image, revisions map[tagboat.Digest]string) taskdef.Inputs {
	in := taskdef.Inputs{
		ByRelease:  c.byRelease(),
		Vars:       c.fleet.Source.Vars(c.Env, c.Service.Name),
		Env:        envNames(c.fleet.Access.Located(c.Env)),
		Images:     c.pins.versions,
		Revisions:  map[tagboat.ImageName]string{},
		Containers: c.Service.Containers,
		Places:     c.Service.ContainerPlaces,
	}
	for _, image := range images {
		if revision := revisions[image.Pinned.Digest]; revision != "" {
			in.Revisions[image.Image] = revision
		}
	}
	return in
}

// place finds a member of the service's files.
func (c Cell) place(path ...string) tagboat.Position {
	file := c.Templates.Definition
	if len(path) > 0 && path[0] == "service" {
		file, path = c.Templates.Service, path[1:]
	}
	if file == nil {
		return c.Service.Where
	}
	return file.Place(path...)
}

// Visible is Target for who only looks: where an image is not pinned yet there is no
// definition to compare with, and what runs shows all the same.
func (c Cell) Visible(ctx context.Context) (deploy.Target, error) {
	images, err := c.Images()
	if err != nil {
		return deploy.Target{}, err
	}
	if c.Service.Stack != nil {
		return c.found(ctx, images)
	}
	for _, image := range images {
		if image.Pinned.Digest == "" {
			target := c.bare(images)
			return target, c.fillService(&target.Desired)
		}
	}
	return c.Target(ctx, nil)
}

// Offline returns what can be told of the cell without a call: its service's name and
// definition, and the task definition where it is not somebody else's.
func (c Cell) Offline() (deploy.Desired, error) {
	d := deploy.Desired{ServiceName: string(c.Service.Name)}
	if err := c.fillService(&d); err != nil || c.Templates.Definition == nil {
		return d, err
	}
	definition, err := c.Templates.Definition.Render(c.inputs(nil, nil))
	d.Definition = definition
	return d, err
}

// Bare is Target without a task definition, for a comparison with that of a stack. It makes no call.
func (c Cell) Bare() (deploy.Target, error) {
	images, err := c.Images()
	if err != nil {
		return deploy.Target{}, err
	}
	target := c.bare(images)
	return target, c.fillService(&target.Desired)
}
