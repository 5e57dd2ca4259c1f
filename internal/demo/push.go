package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/tagboat/tagboat/internal/console"
)

// push is an act that builds a small image and pushes it.
func (t *tour) push(repository, tag string, labels map[string]string) func(context.Context) error {
	return func(ctx context.Context) error {
		image, err := BuildImage(repository+":"+tag, labels)
		if err != nil {
			return err
		}
		ref, err := name.NewTag(t.host + "/" + repository + ":" + tag)
		if err != nil {
			return fmt.Errorf("naming the image: %w", err)
		}
		if err := remote.Write(ref, image, remote.WithContext(ctx)); err != nil {
			return fmt.Errorf("pushing %s: %w", ref, err)
		}
		digest, err := image.Digest()
		if err != nil {
			return fmt.Errorf("computing the digest: %w", err)
		}
		t.Streams.Printf("pushed %s %s\n", ref, t.Streams.OnOut(console.Faint, digest.String()))
		return nil
	}
}

// BuildImage returns a real OCI image for linux/amd64 with one layer of a few bytes,
// made of content, and the labels in its config. Equal arguments give equal digests.
func BuildImage(content string, labels map[string]string) (v1.Image, error) {
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive(content))), nil
	})
	if err != nil {
		return nil, fmt.Errorf("building a layer: %w", err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, fmt.Errorf("building an image: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("building an image: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config.Labels = labels
	config.Config.Entrypoint = []string{"/app"}
	return mutate.ConfigFile(image, config)
}
