package publish

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
)

// Registry is where images go.
type Registry interface {
	// Exists tells whether the registry has what ref names.
	Exists(ctx context.Context, ref tagboat.Reference) (bool, error)
	// Upload sends a layer, unless it is there: its content is then never read. It may
	// read the content again where a connection broke.
	Upload(ctx context.Context, repository tagboat.Reference, layer v1.Layer) error
	// Push puts a manifest and what it names and is not there yet.
	Push(ctx context.Context, ref tagboat.Reference, content remote.Taggable) error
}

// Sent says what a push had to send.
type Sent struct {
	Layers int   // that were sent
	There  int   // that were there already
	Bytes  int64 // of the layers that were sent
}

// layersAtOnce is how many layers are on their way at the same time: what docker does.
const layersAtOnce = 3

// Push brings content into a repository, under its digest alone. What is there already
// is not sent again, so that a second push sends nothing.
func Push(ctx context.Context, to Registry, repository tagboat.Reference, c Content, p Progress) (Sent, error) {
	ref := repository
	ref.Tag, ref.Digest = "", c.Digest
	there, err := to.Exists(ctx, ref)
	if err != nil {
		return Sent{}, err
	}
	if there {
		return Sent{There: len(c.layers)}, nil
	}
	sent, err := upload(ctx, to, repository, c.layers, p)
	if err != nil {
		return sent, err
	}
	return sent, to.Push(ctx, ref, c.manifest)
}

func upload(ctx context.Context, to Registry, repository tagboat.Reference, layers []v1.Layer, p Progress) (Sent, error) {
	counted := make([]*counted, len(layers))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(layersAtOnce)
	for i, layer := range layers {
		var err error
		if counted[i], err = count(layer, p); err != nil {
			return Sent{}, err
		}
	}
	for _, layer := range counted {
		group.Go(func() error {
			if err := to.Upload(ctx, repository, layer); err != nil {
				return err
			}
			layer.end()
			return nil
		})
	}
	err := group.Wait()
	var sent Sent
	for _, layer := range counted {
		if layer.read.Load() {
			sent.Layers++
			sent.Bytes += layer.size
		} else {
			sent.There++
		}
	}
	return sent, err
}
