package ecr

import (
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
