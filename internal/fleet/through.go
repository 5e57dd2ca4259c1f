package fleet

import (
	"context"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
)

// through is Target of a service that is deployed through a stack, which has its task definition.
func (c Cell) through(ctx context.Context, images []deploy.Image) (deploy.Target, error) {
	if err := c.allPinned(images); err != nil {
		return deploy.Target{}, err
	}
	return c.found(ctx, images)
}

// found is a target with the name and cluster that a service has in its stack.
func (c Cell) found(ctx context.Context, images []deploy.Image) (deploy.Target, error) {
	target := c.bare(images)
	target.Desired.Stack = &deploy.Stack{
		Name: c.StackName(), Resource: c.Service.Stack.Resource, Parameters: c.Service.Stack.Parameters,
		Stored: c.stored(images), Allow: c.run.allow, Where: c.Service.Stack.Where, Reader: &c.run.stacks,
	}
	target.Desired.Where = c.placeThrough
	for _, image := range images {
		if pin, ok := c.Book().Pin(c.Env.Name, image.Image); !ok || pin.Digest != image.Pinned.Digest {
			target.Desired.Stack.PinFirst = true
		}
	}
	var err error
	target.Desired, err = target.Desired.Find(ctx, target.Client)
	return target, err
}

// StackName returns the name of the stack that the service is deployed through; "" for none.
func (c Cell) StackName() string {
	if c.Service.Stack == nil {
		return ""
	}
	return c.fleet.Config.StackName(c.Env, c.Service)
}

// stored returns the names of the parameters that have the pins of images.
func (c Cell) stored(images []deploy.Image) map[tagboat.ImageName][]string {
	names := map[tagboat.ImageName][]string{}
	for _, image := range images {
		if names[image.Image] != nil {
			continue
		}
		for _, g := range c.fleet.Layout().Holding(c.Env, []tagboat.ImageName{image.Image}) {
			names[image.Image] = append(names[image.Image], g.Parameter)
			names[image.Image] = slices.Concat(names[image.Image], g.Projections.Parameters[image.Image])
		}
	}
	return names
}

// placeThrough finds a container where tagboat.yaml names it, and else the stack.
func (c Cell) placeThrough(path ...string) tagboat.Position {
	if len(path) > 1 && path[0] == "containerDefinitions" {
		if at, ok := c.Service.ContainerPlaces[tagboat.ContainerName(path[1])]; ok {
			return at
		}
	}
	return c.Service.Stack.Where
}
