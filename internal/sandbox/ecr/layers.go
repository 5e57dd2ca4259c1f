package ecr

import (
	"bytes"
	"context"
	"errors"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// partSize is how large ECR asks parts of a layer to be, in bytes. Parts of any size
// are taken here.
const partSize = 10 << 20

type initiateLayerUploadOutput struct {
	UploadID string `json:"uploadId"`
	PartSize int64  `json:"partSize"`
}

func (a *API) initiateLayerUpload(_ context.Context, r *wire.Request, in target) (initiateLayerUploadOutput, error) {
	repo, err := a.repository(r, in)
	if err != nil {
		return initiateLayerUploadOutput{}, err
	}
	upload, err := a.StartUpload(repo.RepositoryID)
	return initiateLayerUploadOutput{UploadID: upload.Key, PartSize: partSize}, err
}

type uploadLayerPartInput struct {
	target
	UploadID  string `json:"uploadId"`
	Blob      []byte `json:"layerPartBlob"`
	FirstByte int64  `json:"partFirstByte"`
	LastByte  int64  `json:"partLastByte"`
}

type uploadLayerPartOutput struct {
	target
	UploadID         string `json:"uploadId"`
	LastByteReceived int64  `json:"lastByteReceived"`
}

func (a *API) uploadLayerPart(_ context.Context, r *wire.Request, in uploadLayerPartInput) (uploadLayerPartOutput, error) {
	repo, err := a.repository(r, in.target)
	if err != nil {
		return uploadLayerPartOutput{}, err
	}
	out := uploadLayerPartOutput{target: targetOf(repo.RepositoryID), UploadID: in.UploadID}
	upload := registry.Upload{Repository: repo.Name, Key: in.UploadID}
	if in.FirstByte < 0 || in.LastByte-in.FirstByte+1 != int64(len(in.Blob)) {
		size, err := a.UploadSize(upload)
		if err != nil {
			return out, err
		}
		return out, out.invalidPart("the part does not have as many bytes as partFirstByte and partLastByte say", size)
	}
	size, err := a.Append(upload, in.FirstByte, bytes.NewReader(in.Blob))
	var e *registry.Error
	if errors.As(err, &e) && e.Kind == registry.RangeInvalid {
		return out, out.invalidPart(e.Message, e.Offset)
	}
	out.LastByteReceived = size - 1
	return out, err
}

func (o uploadLayerPartOutput) invalidPart(message string, size int64) error {
	return &wire.Error{Code: "InvalidLayerPartException", Message: message, Fields: map[string]any{
		"registryId": o.RegistryID, "repositoryName": o.RepositoryName, "uploadId": o.UploadID, "lastValidByteReceived": size - 1,
	}}
}

type completeLayerUploadInput struct {
	target
	UploadID string   `json:"uploadId"`
	Digests  []string `json:"layerDigests"`
}

type completeLayerUploadOutput struct {
	target
	UploadID string `json:"uploadId"`
	Digest   string `json:"layerDigest"`
}

// completeLayerUpload ends an upload; the first digest has to be the layer's.
func (a *API) completeLayerUpload(_ context.Context, r *wire.Request, in completeLayerUploadInput) (completeLayerUploadOutput, error) {
	repo, err := a.repository(r, in.target)
	if err != nil {
		return completeLayerUploadOutput{}, err
	}
	if len(in.Digests) < 1 || len(in.Digests) > 100 {
		return completeLayerUploadOutput{}, invalid("layerDigests", "Member must have length between 1 and 100")
	}
	d, err := registry.ParseDigest(in.Digests[0])
	if err != nil {
		return completeLayerUploadOutput{}, invalid("layerDigests", "%s", err.Error())
	}
	return completeLayerUploadOutput{targetOf(repo.RepositoryID), in.UploadID, string(d)}, a.complete(repo, in.UploadID, d)
}

func (a *API) complete(repo registry.Repository, uploadID string, d registry.Digest) error {
	upload := registry.Upload{Repository: repo.Name, Key: uploadID}
	size, err := a.UploadSize(upload)
	if err != nil {
		return err
	}
	if size == 0 {
		return wire.Errorf("EmptyUploadException", "The upload with id '%s' does not contain any layer parts", uploadID)
	}
	if _, err := a.BlobSize(repo.RepositoryID, d); err == nil {
		return wire.Errorf("LayerAlreadyExistsException",
			"The layer with digest '%s' already exists in the repository with name '%s' in the registry with id '%s'", d, repo.Name, repo.Account)
	}
	_, err = a.Finish(upload, d)
	if registry.KindOf(err) == registry.DigestInvalid {
		return wire.Errorf("InvalidLayerException", "%v", err)
	}
	return err
}

type batchCheckLayerAvailabilityInput struct {
	target
	Digests []string `json:"layerDigests"`
}

// layer reports whether a layer is in a repository.
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
		l := layer{Digest: digest, Availability: "UNAVAILABLE"}
		if size, err := a.BlobSize(repo.RepositoryID, d); err == nil {
			l = layer{digest, "AVAILABLE", size, "application/vnd.docker.image.rootfs.diff.tar.gzip"}
		}
		out.Layers = append(out.Layers, l)
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
