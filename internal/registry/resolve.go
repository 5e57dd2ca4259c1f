package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat"
)

// Resolve returns the version that ref stands for now: by its digest if it has one, else
// by its tag. Where there is none the error is of kind Usage, and its hint names the tags
// that come closest.
func (c *Client) Resolve(ctx context.Context, ref tagboat.Reference) (Version, error) {
	named, err := refer(ref)
	if err != nil {
		return Version{}, err
	}
	got, err := c.puller.Get(ctx, named)
	if missing(err) {
		return Version{}, c.notFound(ctx, ref, named, err)
	}
	if err != nil {
		return Version{}, explain("resolving", ref, err)
	}
	v := Version{Reference: ref, MediaType: string(got.MediaType)}
	v.Reference.Digest = tagboat.Digest(got.Digest.String())
	if known, ok := c.Remembered(v.Reference); ok {
		return known, nil
	}
	if err := c.inspect(ctx, named.Context(), got, &v); err != nil {
		return Version{}, explain("reading", v.Reference, err)
	}
	c.memory.write(v)
	return v, nil
}

// inspect fills in what the manifest and the config say.
func (c *Client) inspect(ctx context.Context, repo name.Repository, got *remote.Descriptor, v *Version) error {
	if !got.MediaType.IsIndex() {
		return c.inspectImage(ctx, repo, got, v, true)
	}
	index, err := got.ImageIndex()
	if err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	v.annotate(manifest.Annotations)
	images := runnable(manifest.Manifests)
	for _, child := range images {
		v.Platforms = append(v.Platforms, platform(child.Platform))
		v.Images = append(v.Images, tagboat.Digest(child.Digest.String()))
	}
	if len(images) == 0 {
		return nil
	}
	first, err := c.puller.Get(ctx, repo.Digest(images[0].Digest.String()))
	if err != nil {
		return err
	}
	return c.inspectImage(ctx, repo, first, v, false)
}

// inspectImage reads an image's manifest and config. Artifacts of other kinds have no
// config that could be read as an image's; that is not an error.
func (c *Client) inspectImage(ctx context.Context, repo name.Repository, got *remote.Descriptor, v *Version, alone bool) error {
	if !got.MediaType.IsImage() {
		return nil
	}
	image, err := got.Image()
	if err != nil {
		return err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	v.annotate(manifest.Annotations)
	v.Size = manifest.Config.Size
	for _, layer := range manifest.Layers {
		v.Size += layer.Size
	}
	if !manifest.Config.MediaType.IsConfig() {
		return nil
	}
	config, err := c.config(ctx, repo, manifest.Config)
	if err != nil {
		return err
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

// config reads an image's config, with the caller's context.
func (c *Client) config(ctx context.Context, repo name.Repository, d v1.Descriptor) (*v1.ConfigFile, error) {
	layer, err := c.puller.Layer(ctx, repo.Digest(d.Digest.String()))
	if err != nil {
		return nil, err
	}
	blob, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	config, err := v1.ParseConfigFile(blob)
	if err = errors.Join(err, blob.Close()); err != nil {
		return nil, fmt.Errorf("reading the image's config: %w", err)
	}
	return config, nil
}

// runnable leaves out what lies in an index beside the images, such as attestations.
// https://docs.docker.com/build/metadata/attestations/attestation-storage/
func runnable(all []v1.Descriptor) []v1.Descriptor {
	var images []v1.Descriptor
	for _, d := range all {
		attached := d.Annotations["vnd.docker.reference.type"] != "" || d.Platform != nil && d.Platform.OS == "unknown"
		if d.MediaType.IsImage() && !attached {
			images = append(images, d)
		}
	}
	return images
}

func platform(p *v1.Platform) string {
	if p == nil || p.OS == "" && p.Architecture == "" {
		return "unknown"
	}
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}
