package ecr

import (
	"context"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

type listImagesInput struct {
	target
	paged
	Filter imageFilter `json:"filter"`
}

type listImagesOutput struct {
	ImageIDs  []imageID `json:"imageIds"`
	NextToken string    `json:"nextToken,omitempty"`
}

// listImages answers an entry for each tag of each image and one for each image
// without tags, in order of first push.
func (a *API) listImages(_ context.Context, r *wire.Request, in listImagesInput) (listImagesOutput, error) {
	out := listImagesOutput{ImageIDs: []imageID{}}
	repo, err := a.repository(r, in.target)
	if err != nil {
		return out, err
	}
	if err := in.Filter.check(); err != nil {
		return out, err
	}
	size, from, err := in.page()
	if err != nil {
		return out, err
	}
	err = a.Images(repo.RepositoryID, from.Position, func(i *registry.Image) bool {
		if !in.Filter.keeps(i) {
			return true
		}
		for _, id := range idsOf(i) {
			if i.Position() == from.Position && id.Tag < from.Name {
				continue // on an earlier page
			}
			if len(out.ImageIDs) == size {
				out.NextToken = cursor{Position: i.Position(), Name: id.Tag}.token()
				return false
			}
			out.ImageIDs = append(out.ImageIDs, id)
		}
		return true
	})
	return out, err
}

// idsOf returns an id for each tag of an image, or one without a tag.
func idsOf(i *registry.Image) []imageID {
	if len(i.Tags) == 0 {
		return []imageID{{Digest: string(i.Digest)}}
	}
	ids := make([]imageID, len(i.Tags))
	for n, tag := range i.Tags {
		ids[n] = imageID{Digest: string(i.Digest), Tag: tag}
	}
	return ids
}
