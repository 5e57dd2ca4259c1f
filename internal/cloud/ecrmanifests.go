package cloud

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/registry"
)

// manifestTypes are what ECR may answer with. Its documentation of BatchGetImage lists
// the types of images alone; an index it gives only to who accepts one.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
var manifestTypes = []string{
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
}

// Tag puts one more tag on a version, which ref names by its digest, in the account's
// registry ("" is the caller's): the manifest's bytes go back under the tag. A version
// that has the tag stays as it is. Where the tag may not move, the error wraps
// registry.ErrImmutable.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-retag.html
func (e *ECR) Tag(ctx context.Context, account string, version tagboat.Reference, tag string) error {
	images, err := e.manifests(ctx, account, version, []tagboat.Digest{version.Digest})
	if err != nil {
		return err
	}
	_, err = e.client.PutImage(ctx, &ecr.PutImageInput{
		RegistryId:             optional(account),
		RepositoryName:         aws.String(version.Repository),
		ImageManifest:          images[0].ImageManifest,
		ImageManifestMediaType: images[0].ImageManifestMediaType,
		ImageDigest:            aws.String(string(version.Digest)),
		ImageTag:               aws.String(tag),
	})
	var there *types.ImageAlreadyExistsException
	var immutable *types.ImageTagAlreadyExistsException
	switch {
	case errors.As(err, &there):
		return nil
	case errors.As(err, &immutable):
		version.Tag, version.Digest = tag, ""
		return registry.Immutable(version)
	case err != nil:
		return translate(err)
	}
	return nil
}

// maxManifests is how many images BatchGetImage answers at once.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
const maxManifests = 100

// Manifests returns the bytes of manifests by their digests, which are checked. All of
// them are there, or it is an error. It takes one call for a hundred.
func (e *ECR) Manifests(ctx context.Context, account string, repository tagboat.Reference, digests []tagboat.Digest) (map[tagboat.Digest][]byte, error) {
	manifests := make(map[tagboat.Digest][]byte, len(digests))
	for batch := range slices.Chunk(digests, maxManifests) {
		images, err := e.manifests(ctx, account, repository, batch)
		if err != nil {
			return nil, err
		}
		for i, image := range images {
			manifests[batch[i]] = []byte(aws.ToString(image.ImageManifest))
		}
	}
	return manifests, nil
}

// manifests returns images in the order of their digests.
func (e *ECR) manifests(ctx context.Context, account string, repository tagboat.Reference, digests []tagboat.Digest) ([]types.Image, error) {
	ids := make([]types.ImageIdentifier, len(digests))
	for i, digest := range digests {
		ids[i].ImageDigest = aws.String(string(digest))
	}
	out, err := e.client.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RegistryId:         optional(account),
		RepositoryName:     aws.String(repository.Repository),
		ImageIds:           ids,
		AcceptedMediaTypes: manifestTypes,
	})
	switch {
	case err != nil:
		return nil, translate(err)
	case len(out.Failures) > 0:
		return nil, tagboat.Usagef("reading %s: %s", repository, aws.ToString(out.Failures[0].FailureReason))
	}
	images := make([]types.Image, len(digests))
	for _, image := range out.Images {
		got := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(aws.ToString(image.ImageManifest))))
		n := slices.Index(digests, tagboat.Digest(got))
		if n < 0 {
			return nil, fmt.Errorf("reading %s: ECR's answer is of %s: %w", repository, got, registry.ErrDigest)
		}
		images[n] = image
	}
	if n := slices.IndexFunc(images, func(image types.Image) bool { return image.ImageManifest == nil }); n >= 0 {
		return nil, fmt.Errorf("reading %s: ECR's answer has no image %s", repository, digests[n])
	}
	return images, nil
}
