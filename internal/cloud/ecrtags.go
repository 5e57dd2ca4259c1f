package cloud

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

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
	found, err := e.manifest(ctx, account, version)
	if err != nil {
		return err
	}
	_, err = e.client.PutImage(ctx, &ecr.PutImageInput{
		RegistryId:             optional(account),
		RepositoryName:         aws.String(version.Repository),
		ImageManifest:          found.ImageManifest,
		ImageManifestMediaType: found.ImageManifestMediaType,
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
		return explain(err)
	}
	return nil
}

func (e *ECR) manifest(ctx context.Context, account string, version tagboat.Reference) (types.Image, error) {
	out, err := e.client.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RegistryId:         optional(account),
		RepositoryName:     aws.String(version.Repository),
		ImageIds:           []types.ImageIdentifier{{ImageDigest: aws.String(string(version.Digest))}},
		AcceptedMediaTypes: manifestTypes,
	})
	switch {
	case err != nil:
		return types.Image{}, explain(err)
	case len(out.Images) == 0 && len(out.Failures) > 0:
		return types.Image{}, tagboat.Usagef("reading %s: %s", version, aws.ToString(out.Failures[0].FailureReason))
	case len(out.Images) == 0:
		return types.Image{}, fmt.Errorf("reading %s: ECR's answer has no image", version)
	}
	manifest := aws.ToString(out.Images[0].ImageManifest)
	if got := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(manifest))); got != string(version.Digest) {
		return types.Image{}, fmt.Errorf("reading %s: ECR's answer is of %s: %w", version, got, registry.ErrDigest)
	}
	return out.Images[0], nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
