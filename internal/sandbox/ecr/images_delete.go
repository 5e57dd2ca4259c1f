package ecr

import (
	"context"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

type batchDeleteImageInput struct {
	target
	ImageIDs []imageID `json:"imageIds"`
}

type batchDeleteImageOutput struct {
	ImageIDs []imageID `json:"imageIds"`
	Failures []failure `json:"failures"`
}

// batchDeleteImage deletes one after another: a tag, with its image if it is the
// last one, or by digest an image with all of its tags. An index has to go before
// its children.
func (a *API) batchDeleteImage(_ context.Context, r *wire.Request, in batchDeleteImageInput) (batchDeleteImageOutput, error) {
	out := batchDeleteImageOutput{ImageIDs: []imageID{}, Failures: []failure{}}
	repo, err := a.repository(r, in.target)
	if err != nil {
		return out, err
	}
	if err := checkImageIDs(in.ImageIDs); err != nil {
		return out, err
	}
	for _, id := range in.ImageIDs {
		gone, err := a.deleteImage(repo.RepositoryID, id)
		if failed, ok := failureOf(id, err); ok {
			out.Failures = append(out.Failures, failed)
			continue
		}
		if err != nil {
			return out, err
		}
		out.ImageIDs = append(out.ImageIDs, gone...)
	}
	return out, nil
}

// deleteImage returns what went: the tag that was named, or every tag of the image.
func (a *API) deleteImage(repo registry.RepositoryID, id imageID) ([]imageID, error) {
	ref, err := id.ref()
	if err != nil {
		return nil, err
	}
	was, err := a.DeleteImage(repo, ref)
	if err != nil {
		return nil, err
	}
	if ref.Tag != "" {
		return []imageID{{Digest: string(was.Digest), Tag: ref.Tag}}, nil
	}
	return idsOf(&was), nil
}
