package registry

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat"
)

// Upload sends a layer to a repository, unless it is there: its content is then never
// read. An upload that breaks off is begun again, for which the layer's Compressed is
// called anew.
func (c *Client) Upload(ctx context.Context, repository tagboat.Reference, layer v1.Layer) error {
	repo, err := repositoryOf(repository)
	if err != nil {
		return err
	}
	if err := c.pusher.Upload(ctx, repo, layer); err != nil {
		return explain("pushing a layer of", repository, err)
	}
	return nil
}

// Push puts an image or an index under ref, by its tag if it has one, else by its digest,
// after whatever it consists of that is not there yet. What is there already is not sent.
func (c *Client) Push(ctx context.Context, ref tagboat.Reference, content remote.Taggable) error {
	named, err := refer(ref)
	if err != nil {
		return err
	}
	if err := c.pusher.Push(ctx, named, content); err != nil {
		return refused("pushing", ref, err)
	}
	return nil
}
