package publish

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
)

// search looks for the layers of one image, from its base up, in other repositories of the
// registry. Images share what they were built on: a repository that lacks a layer is not
// asked for those above it, so that a search costs about one request for each repository.
type search struct {
	to         Registry
	repository tagboat.Reference   // where the layers go
	others     []tagboat.Reference // that may have the next layer
}

// askedAtOnce is how many repositories are asked for a layer at the same time.
const askedAtOnce = 8

// next returns a repository that has the image's next layer, or none, as where the layer
// need not go anywhere. Mounting only spares time, so a failure is no error.
func (s *search) next(ctx context.Context, layer tagboat.Digest) tagboat.Reference {
	if len(s.others) == 0 || s.has(ctx, s.repository, layer) {
		return tagboat.Reference{}
	}
	for len(s.others) > 0 {
		n := min(len(s.others), askedAtOnce)
		has := make([]bool, n)
		var group errgroup.Group
		for i, other := range s.others[:n] {
			group.Go(func() error { has[i] = s.has(ctx, other, layer); return nil })
		}
		_ = group.Wait() // whose functions return none
		var having []tagboat.Reference
		for i, other := range s.others[:n] {
			if has[i] {
				having = append(having, other)
			}
		}
		s.others = append(having, s.others[n:]...)
		if len(having) > 0 {
			return having[0]
		}
	}
	return tagboat.Reference{}
}

func (s *search) has(ctx context.Context, repository tagboat.Reference, layer tagboat.Digest) bool {
	has, err := s.to.HasLayer(ctx, repository, layer)
	return has && err == nil
}
