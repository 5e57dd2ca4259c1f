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
