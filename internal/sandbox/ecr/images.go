package ecr

import (
	"context"
	"fmt"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// imageID names an image by digest, tag or both.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageIdentifier.html
type imageID struct {
	Digest string `json:"imageDigest,omitempty"`
	Tag    string `json:"imageTag,omitempty"`
}

func (id imageID) ref() (registry.Ref, error) {
	if id.Digest == "" && id.Tag == "" {
		return registry.Ref{}, &registry.Error{Kind: missingDigestAndTag, Message: "Invalid request parameters: both tag and digest cannot be null"}
	}
	if id.Digest == "" {
		return registry.Ref{Tag: id.Tag}, nil
	}
	d, err := registry.ParseDigest(id.Digest)
	if err != nil {
		return registry.Ref{}, &registry.Error{Kind: registry.DigestInvalid,
			Message: "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"}
	}
	return registry.Ref{Tag: id.Tag, Digest: d}, nil
}

// missingDigestAndTag is a kind beside the store's own.
const missingDigestAndTag registry.Kind = -1

// String returns an id as ECR's messages have it.
func (id imageID) String() string {
	return fmt.Sprintf("{imageDigest:'%s', imageTag:'%s'}", orNull(id.Digest), orNull(id.Tag))
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// failure is why one image of a batch was not found or not deleted.
type failure struct {
	ID     imageID `json:"imageId"`
	Code   string  `json:"failureCode"`
	Reason string  `json:"failureReason"`
}

var failureCodes = map[registry.Kind]string{
	missingDigestAndTag:         "MissingDigestAndTag",
	registry.DigestInvalid:      "InvalidImageDigest",
	registry.ManifestUnknown:    "ImageNotFound",
	registry.TagMismatch:        "ImageTagDoesNotMatchDigest",
	registry.ManifestReferenced: "ImageReferencedByManifestList",
}

// failureOf returns err as a failure of one image, if it is one.
func failureOf(id imageID, err error) (failure, bool) {
	code, ok := failureCodes[registry.KindOf(err)]
	if !ok {
		return failure{}, false
	}
	return failure{ID: id, Code: code, Reason: err.Error()}, true
}

// image looks up an image that has to be there.
func (a *API) image(repo registry.RepositoryID, id imageID) (registry.Image, error) {
	ref, err := id.ref()
	if err != nil {
		return registry.Image{}, invalid("imageId", "%s", err.Error())
	}
	image, err := a.Image(repo, ref)
	if kind := registry.KindOf(err); kind == registry.ManifestUnknown || kind == registry.TagMismatch {
		err = wire.Errorf("ImageNotFoundException",
			"The image with imageId %s does not exist within the repository with name '%s' in the registry with id '%s'", id, repo.Name, repo.Account)
	}
	return image, err
}

// maxImageIDs is how many images a request can name.
const maxImageIDs = 100

func checkImageIDs(ids []imageID) error {
	if len(ids) < 1 || len(ids) > maxImageIDs {
		return invalid("imageIds", "Member must have length between 1 and %d", maxImageIDs)
	}
	return nil
}

// image is an image with its manifest.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Image.html
type image struct {
	target
	ID        imageID `json:"imageId"`
	Manifest  string  `json:"imageManifest"`
	MediaType string  `json:"imageManifestMediaType"`
}

// batchInput is a request that names images, of which each succeeds or fails by itself.
type batchInput struct {
	target
	ImageIDs []imageID `json:"imageIds"`
}

// batch does something with each image of a request. What it did comes first in the
// answer, then why it could not.
func batch[T any](a *API, r *wire.Request, in batchInput, do func(registry.RepositoryID, imageID) ([]T, error)) ([]T, []failure, error) {
	repo, err := a.repository(r, in.target)
	if err == nil {
		err = checkImageIDs(in.ImageIDs)
	}
	results, failures := []T{}, []failure{}
	for _, id := range in.ImageIDs {
		if err != nil {
			break
		}
		var result []T
		result, err = do(repo.RepositoryID, id)
		if failed, ok := failureOf(id, err); ok {
			failures, err = append(failures, failed), nil
			continue
		}
		results = append(results, result...)
	}
	return results, failures, err
}

type batchGetImageOutput struct {
	Images   []image   `json:"images"`
	Failures []failure `json:"failures"`
}

// batchGetImage answers the bytes that were pushed.
func (a *API) batchGetImage(_ context.Context, r *wire.Request, in batchInput) (out batchGetImageOutput, err error) {
	out.Images, out.Failures, err = batch(a, r, in, a.pull)
	return out, err
}

func (a *API) pull(repo registry.RepositoryID, id imageID) ([]image, error) {
	ref, err := id.ref()
	if err != nil {
		return nil, err
	}
	i, manifest, err := a.Pull(repo, ref)
	if err != nil {
		return nil, err
	}
	return []image{{
		target:    targetOf(repo),
		ID:        imageID{Digest: string(i.Digest), Tag: id.Tag},
		Manifest:  string(manifest),
		MediaType: i.MediaType,
	}}, nil
}

type putImageInput struct {
	target
	Manifest  string `json:"imageManifest"`
	MediaType string `json:"imageManifestMediaType"`
	Tag       string `json:"imageTag"`
	Digest    string `json:"imageDigest"`
}

type putImageOutput struct {
	Image image `json:"image"`
}

// putImage pushes a manifest or puts another tag on one. Unlike a push through the
// registry it needs the repository to be there, and something to change: where image
// and tag are there as asked the answer is ImageAlreadyExistsException, or, if the
// tag cannot move, ImageTagAlreadyExistsException.
func (a *API) putImage(_ context.Context, r *wire.Request, in putImageInput) (putImageOutput, error) {
	repo, err := a.repository(r, in.target)
	if err != nil {
		return putImageOutput{}, err
	}
	if in.Tag != "" && !registry.ValidTag(in.Tag) {
		return putImageOutput{}, invalid("imageTag", "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}'")
	}
	put, changed, err := a.PutManifest(repo.RepositoryID, registry.Put{
		Manifest:  []byte(in.Manifest),
		MediaType: in.MediaType,
		Tag:       in.Tag,
		Digest:    registry.Digest(in.Digest),
	})
	if err != nil {
		return putImageOutput{}, err
	}
	if !changed {
		return putImageOutput{}, alreadyExists(repo, put.Digest, in.Tag)
	}
	return putImageOutput{image{
		target:    targetOf(repo.RepositoryID),
		ID:        imageID{Digest: string(put.Digest), Tag: in.Tag},
		Manifest:  in.Manifest,
		MediaType: put.MediaType,
	}}, nil
}

func alreadyExists(r registry.Repository, d registry.Digest, tag string) error {
	which := "'" + string(d) + "'"
	if tag != "" {
		which += " and tag '" + tag + "'"
	}
	return wire.Errorf("ImageAlreadyExistsException",
		"Image with digest %s already exists in the repository with name '%s' in registry with id '%s'", which, r.Name, r.Account)
}

type batchDeleteImageOutput struct {
	ImageIDs []imageID `json:"imageIds"`
	Failures []failure `json:"failures"`
}

// batchDeleteImage deletes one after another: a tag, with its image if it is the
// last one, or by digest an image with all of its tags. An index has to go before
// its children.
func (a *API) batchDeleteImage(_ context.Context, r *wire.Request, in batchInput) (out batchDeleteImageOutput, err error) {
	out.ImageIDs, out.Failures, err = batch(a, r, in, a.deleteImage)
	return out, err
}

// deleteImage returns what went: the tag that was named, or every tag of the image.
func (a *API) deleteImage(repo registry.RepositoryID, id imageID) ([]imageID, error) {
	ref, err := id.ref()
	if err != nil {
		return nil, err
	}
	image, err := a.DeleteImage(repo, ref)
	if err != nil {
		return nil, err
	}
	if ref.Tag != "" {
		return []imageID{{Digest: string(image.Digest), Tag: ref.Tag}}, nil
	}
	return idsOf(&image), nil
}
