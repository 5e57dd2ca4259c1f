package cloud

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// CreateRepository makes a repository whose images are scanned when they are pushed and
// whose tags do not move, but for those in moving. It tells false where the repository
// is there already, and leaves that one as it is.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
func (e *ECR) CreateRepository(ctx context.Context, account, name string, moving []string) (created bool, err error) {
	in := &ecr.CreateRepositoryInput{
		RegistryId:                 optional(account),
		RepositoryName:             aws.String(name),
		ImageTagMutability:         types.ImageTagMutabilityImmutable,
		ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: true},
	}
	if len(moving) > 0 {
		in.ImageTagMutability = types.ImageTagMutabilityImmutableWithExclusion
	}
	for _, tag := range moving {
		in.ImageTagMutabilityExclusionFilters = append(in.ImageTagMutabilityExclusionFilters, types.ImageTagMutabilityExclusionFilter{
			FilterType: types.ImageTagMutabilityExclusionFilterTypeWildcard, Filter: aws.String(tag),
		})
	}
	_, err = e.client.CreateRepository(ctx, in)
	var there *types.RepositoryAlreadyExistsException
	if errors.As(err, &there) {
		return false, nil
	}
	if err != nil {
		return false, explain(err)
	}
	return true, nil
}
