package app

import (
	"context"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/status"
)

// Status returns the matrix of services and environments, from what is observed.
func (a *App) Status(ctx context.Context, s Selection) (tagboat.StatusDocument, error) {
	cells, err := a.cells(ctx, s)
	if err != nil {
		return tagboat.StatusDocument{}, err
	}
	targets := make([]deploy.Target, len(cells))
	for i, c := range cells {
		if targets[i], err = a.visible(ctx, c); err != nil {
			return tagboat.StatusDocument{}, err
		}
	}
	statuses, err := status.Survey(ctx, targets)
	if err != nil {
		return tagboat.StatusDocument{}, err
	}
	for i, c := range cells {
		if statuses[i].Hold, err = a.holdOn(c, targets[i].Desired.Images); err != nil {
			return tagboat.StatusDocument{}, err
		}
	}
	return tagboat.StatusDocument{Services: some(statuses)}, nil
}

// visible is target for who only looks: where an image is not pinned yet there is no
// definition to compare with, and what runs shows all the same.
func (a *App) visible(ctx context.Context, c cell) (deploy.Target, error) {
	images, err := a.images(c)
	if err != nil {
		return deploy.Target{}, err
	}
	for _, image := range images {
		if image.Pinned.Digest == "" {
			target := a.bare(c, images)
			return target, a.fillService(c, &target.Desired)
		}
	}
	return a.target(ctx, c, nil)
}
