package publish

import (
	"context"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
)

// Registry is where images go.
type Registry interface {
	// Exists tells whether the registry has what ref names.
	Exists(ctx context.Context, ref tagboat.Reference) (bool, error)
	// HasLayer reports whether a repository has a layer.
	HasLayer(ctx context.Context, repository tagboat.Reference, layer tagboat.Digest) (bool, error)
	// Upload sends a layer, unless it is there, or the registry takes it from another of its
	// repositories, if one is named: its content is then never read. It may read the content
	// again where a connection broke.
	Upload(ctx context.Context, repository, from tagboat.Reference, layer v1.Layer) error
	// Push puts a manifest and what it names and is not there yet.
	Push(ctx context.Context, ref tagboat.Reference, content remote.Taggable) error
}

// Sent says what a push had to send.
type Sent struct {
	Layers int   // that were sent
	There  int   // that the registry had already
	Bytes  int64 // of the layers that were sent
}

// layersAtOnce is how many layers are on their way at the same time: what docker does.
const layersAtOnce = 3

// Push brings content into a repository, under its digest alone. What is there already
// is not sent again, so that a second push sends nothing, nor is what one of others has,
// which lie in the same registry.
func Push(ctx context.Context, to Registry, repository tagboat.Reference, others []tagboat.Reference, c Content, p Progress) (Sent, error) {
	ref := repository
	ref.Tag, ref.Digest = "", c.Digest
	there, err := to.Exists(ctx, ref)
	if err != nil {
		return Sent{}, err
	}
	if there {
		return Sent{There: len(slices.Concat(c.images...))}, nil
	}
	sent, err := upload(ctx, to, repository, others, c, p)
	if err != nil {
		return sent, err
	}
	return sent, to.Push(ctx, ref, c.manifest)
}

func upload(ctx context.Context, to Registry, repository tagboat.Reference, others []tagboat.Reference, c Content, p Progress) (Sent, error) {
	layers := make([][]*counted, len(c.images))
	for i, image := range c.images {
		for _, layer := range image {
			counted, err := count(layer, p)
			if err != nil {
				return Sent{}, err
			}
			layers[i] = append(layers[i], counted)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(layersAtOnce)
	for _, image := range layers {
		search := search{to, repository, others}
		for _, layer := range image {
			from := search.next(ctx, layer.digest)
			group.Go(func() error {
				if err := to.Upload(ctx, repository, from, layer); err != nil {
					return err
				}
				layer.end()
				return nil
			})
		}
	}
	err := group.Wait()
	var sent Sent
	for _, layer := range slices.Concat(layers...) {
		if layer.read.Load() {
			sent.Layers++
			sent.Bytes += layer.size
		} else {
			sent.There++
		}
	}
	return sent, err
}
