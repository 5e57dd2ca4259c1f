package cloud

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/tagboat/tagboat"
)

// ScanFindings returns how the scan of one image stands, in ECR's words, and how many
// findings it has of each severity. The status is "" where the image was never scanned;
// counts is nil where there is no result. Basic and enhanced scanning both count.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
func (e *ECR) ScanFindings(ctx context.Context, account, repository string, digest tagboat.Digest) (status string, counts map[string]int, err error) {
	out, err := e.client.DescribeImageScanFindings(ctx, &ecr.DescribeImageScanFindingsInput{
		RegistryId:     optional(account),
		RepositoryName: aws.String(repository),
		ImageId:        &types.ImageIdentifier{ImageDigest: aws.String(string(digest))},
		MaxResults:     aws.Int32(1), // the counts are of all findings, whatever the page
	})
	var none *types.ScanNotFoundException
	if errors.As(err, &none) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, explain(err)
	}
	if out.ImageScanStatus != nil {
		status = string(out.ImageScanStatus.Status)
	}
	if out.ImageScanFindings != nil {
		counts = map[string]int{}
		for severity, n := range out.ImageScanFindings.FindingSeverityCounts {
			counts[severity] = int(n)
		}
	}
	return status, counts, nil
}
