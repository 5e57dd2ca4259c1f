package publish

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// held is an image that hands out its layers with what its manifest says of them. The
// layers of an archive are compressed anew whenever one is asked for its digest.
type held struct {
	v1.Image
	layers []v1.Layer
}

func hold(image v1.Image) (v1.Image, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return nil, err
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, err
	}
	h := held{Image: image}
	for i, layer := range layers {
		h.layers = append(h.layers, described{layer, manifest.Layers[i]})
	}
	return h, nil
}

// Layers implements v1.Image.
func (h held) Layers() ([]v1.Layer, error) { return h.layers, nil }

// described is a layer with its descriptor.
type described struct {
	v1.Layer
	descriptor v1.Descriptor
}

// Digest implements v1.Layer.
func (d described) Digest() (v1.Hash, error) { return d.descriptor.Digest, nil }

// Size implements v1.Layer.
func (d described) Size() (int64, error) { return d.descriptor.Size, nil }

// MediaType implements v1.Layer.
func (d described) MediaType() (types.MediaType, error) { return d.descriptor.MediaType, nil }
