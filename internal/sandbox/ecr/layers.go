package ecr

import (
	"context"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

type batchCheckLayerAvailabilityInput struct {
	target
	Digests []string `json:"layerDigests"`
}

// layer tells whether a layer is in a repository.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Layer.html
type layer struct {
	Digest       string `json:"layerDigest"`
	Availability string `json:"layerAvailability"` // AVAILABLE, UNAVAILABLE
	Size         int64  `json:"layerSize,omitempty"`
	MediaType    string `json:"mediaType,omitempty"`
}

type layerFailure struct {
	Digest string `json:"layerDigest"`
	Code   string `json:"failureCode"`
	Reason string `json:"failureReason"`
}

type batchCheckLayerAvailabilityOutput struct {
	Layers   []layer        `json:"layers"`
	Failures []layerFailure `json:"failures"`
}

func (a *API) batchCheckLayerAvailability(_ context.Context, r *wire.Request, in batchCheckLayerAvailabilityInput) (batchCheckLayerAvailabilityOutput, error) {
	out := batchCheckLayerAvailabilityOutput{Layers: []layer{}, Failures: []layerFailure{}}
	repo, err := a.repository(r, in.target)
	if err != nil {
		return out, err
	}
	if len(in.Digests) < 1 || len(in.Digests) > 100 {
		return out, invalid("layerDigests", "Member must have length between 1 and 100")
	}
	for _, digest := range in.Digests {
		d, err := registry.ParseDigest(digest)
		if err != nil {
			out.Failures = append(out.Failures, layerFailure{digest, "InvalidLayerDigest", err.Error()})
			continue
		}
		found := layer{Digest: digest, Availability: "UNAVAILABLE"}
		if size, err := a.BlobSize(repo.RepositoryID, d); err == nil {
			found = layer{digest, "AVAILABLE", size, "application/vnd.docker.image.rootfs.diff.tar.gzip"}
		}
		out.Layers = append(out.Layers, found)
	}
	return out, nil
}

type layerInput struct {
	target
	Digest string `json:"layerDigest"`
}

type downloadURL struct {
	Digest string `json:"layerDigest"`
	URL    string `json:"downloadUrl"`
}

// getDownloadURLForLayer answers the layer's place in the registry, which needs no
// credentials and, unlike ECR's, does not expire.
func (a *API) getDownloadURLForLayer(_ context.Context, r *wire.Request, in layerInput) (downloadURL, error) {
	repo, err := a.repository(r, in.target)
	if err != nil {
		return downloadURL{}, err
	}
	d, err := registry.ParseDigest(in.Digest)
	if err != nil {
		return downloadURL{}, invalid("layerDigest", "%s", err.Error())
	}
	if _, err := a.BlobSize(repo.RepositoryID, d); err != nil {
		return downloadURL{}, err
	}
	return downloadURL{in.Digest, "http://" + r.Host + registry.BlobPath(repo.RepositoryID, d)}, nil
}
