package ecr

import (
	"context"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// image is an image with its manifest.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Image.html
type image struct {
	target
	ID        imageID `json:"imageId"`
	Manifest  string  `json:"imageManifest"`
	MediaType string  `json:"imageManifestMediaType"`
}

type batchGetImageInput struct {
	target
	ImageIDs []imageID `json:"imageIds"`
}

type batchGetImageOutput struct {
	Images   []image   `json:"images"`
	Failures []failure `json:"failures"`
}

// batchGetImage answers the bytes that were pushed.
func (a *API) batchGetImage(_ context.Context, r *wire.Request, in batchGetImageInput) (batchGetImageOutput, error) {
	out := batchGetImageOutput{Images: []image{}, Failures: []failure{}}
	repo, err := a.repository(r, in.target)
	if err != nil {
		return out, err
	}
	if err := checkImageIDs(in.ImageIDs); err != nil {
		return out, err
	}
	for _, id := range in.ImageIDs {
		got, err := a.pull(repo.RepositoryID, id)
		if failed, ok := failureOf(id, err); ok {
			out.Failures = append(out.Failures, failed)
			continue
		}
		if err != nil {
			return out, err
		}
		out.Images = append(out.Images, got)
	}
	return out, nil
}

func (a *API) pull(repo registry.RepositoryID, id imageID) (image, error) {
	ref, err := id.ref()
	if err != nil {
		return image{}, err
	}
	found, manifest, err := a.Pull(repo, ref)
	if err != nil {
		return image{}, err
	}
	return image{
		target:    targetOf(repo),
		ID:        imageID{Digest: string(found.Digest), Tag: id.Tag},
		Manifest:  string(manifest),
		MediaType: found.MediaType,
	}, nil
}
