package registry

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/tagboat/tagboat"
)

// Resolve returns the version that ref stands for now: by its digest if it has one, else
// by its tag. Where there is none the error is of kind Usage, and its hint names the tags
// that come closest. What no container can run is a version, too; its Artifact says what
// it is.
func (c *Client) Resolve(ctx context.Context, ref tagboat.Reference) (Version, error) {
	return within(ctx, c.limits, ref.Host, func(ctx context.Context) (Version, error) { return c.resolve(ctx, ref) })
}

func (c *Client) resolve(ctx context.Context, ref tagboat.Reference) (Version, error) {
	named, err := refer(ref)
	if err != nil {
		return Version{}, err
	}
	got, err := c.fetch(ctx, named)
	if missing(err) {
		return Version{}, c.notFound(ctx, ref, named, err)
	}
	if err != nil {
		return Version{}, explain("resolving", ref, err)
	}
	v := Version{Reference: ref, MediaType: string(got.mediaType)}
	v.Reference.Digest = tagboat.Digest(got.digest.String())
	if known, ok := c.Remembered(v.Reference); ok {
		return known, nil
	}
	if err := c.inspect(ctx, named.Context(), got, &v); err != nil {
		return Version{}, explain("reading", v.Reference, err)
	}
	c.memory.write(v)
	return v, nil
}

// maxImages is how many images an index may have: what is built for every platform that
// there is has about twenty.
const maxImages = 200

// inspect fills in what the manifest and the config say.
func (c *Client) inspect(ctx context.Context, repo name.Repository, got fetched, v *Version) error {
	if got.index == nil {
		return c.inspectImage(ctx, repo, got, v, true)
	}
	v.annotate(got.index.Annotations)
	images := runnable(got.index.Manifests)
	if len(images) > maxImages {
		v.Artifact = fmt.Sprintf("is an index of %d images, and no more than %d are looked at", len(images), maxImages)
		return nil
	}
	for _, child := range images {
		v.Platforms = append(v.Platforms, platform(child.Platform))
		v.Images = append(v.Images, tagboat.Digest(child.Digest.String()))
	}
	if len(images) == 0 {
		v.Artifact = noImages(got.index)
		return nil
	}
	first, err := c.fetchChild(ctx, repo, images[0])
	if err != nil {
		return err
	}
	return c.inspectImage(ctx, repo, first, v, false)
}

// inspectImage reads an image's manifest and config.
func (c *Client) inspectImage(ctx context.Context, repo name.Repository, got fetched, v *Version, alone bool) error {
	if got.image == nil {
		v.Artifact = got.artifact
		if got.index != nil {
			v.Artifact = "is an index of indexes"
		}
		return nil
	}
	v.annotate(got.image.Annotations)
	v.Size = got.image.Config.Size
	for _, layer := range got.image.Layers {
		v.Size += layer.Size
	}
	if v.Artifact = runs(got.image); v.Artifact != "" {
		return nil
	}
	data, err := c.blob(ctx, repo, got.image.Config, c.limits.Size)
	if err != nil {
		return err
	}
	var config v1.ConfigFile
	if unreadable := json.Unmarshal(data, &config); unreadable != nil {
		v.Artifact = "is no image: its config cannot be read"
		return nil //nolint:nilerr // what it is is an answer
	}
	v.Labels = config.Config.Labels
	v.describe(v.Labels)
	if v.Created.IsZero() {
		v.Created = config.Created.UTC()
	}
	if alone && config.Architecture != "" {
		v.Platforms = []string{platform(config.Platform())}
		v.Images = []tagboat.Digest{v.Reference.Digest}
	}
	return nil
}
