package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/registry"
)

// imagesAPage is the most that ECR gives.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
const imagesAPage = 1000

// Lister returns the lister of an account's registry; "" is the caller's. It knows more
// than tags: push times, sizes, and the summary of the scan where ECR gives one.
func (e *ECR) Lister(account string) registry.Lister { return ecrLister{e, account} }

type ecrLister struct {
	ecr     *ECR
	account string
}

var _ registry.Lister = ecrLister{}

// List implements registry.Lister. A hundred thousand images are a hundred calls.
func (l ecrLister) List(ctx context.Context, repository tagboat.Reference) ([]registry.Entry, error) {
	pages := ecr.NewDescribeImagesPaginator(l.ecr.client, &ecr.DescribeImagesInput{
		RegistryId:     optional(l.account),
		RepositoryName: aws.String(repository.Repository),
		MaxResults:     aws.Int32(imagesAPage),
	})
	var all []registry.Entry
	last := ""
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var none *types.RepositoryNotFoundException
		if errors.As(err, &none) {
			return nil, registry.NoRepository(repository.Host, repository.Repository)
		}
		if err != nil {
			return nil, translate(err)
		}
		for i := range page.ImageDetails {
			all = append(all, entryOf(&page.ImageDetails[i]))
		}
		if next := aws.ToString(page.NextToken); next != "" && next == last {
			return nil, errors.New("ecr.DescribeImages: AWS's answer is the same page again and again")
		}
		last = aws.ToString(page.NextToken)
	}
	return all, nil
}

func entryOf(d *types.ImageDetail) registry.Entry {
	l := registry.Entry{
		Digest:    tagboat.Digest(aws.ToString(d.ImageDigest)),
		Tags:      d.ImageTags,
		PushedAt:  aws.ToTime(d.ImagePushedAt).UTC(),
		Size:      aws.ToInt64(d.ImageSizeInBytes),
		MediaType: mediaType(aws.ToString(d.ImageManifestMediaType)),
	}
	l.Artifact = registry.Artifact(l.MediaType, aws.ToString(d.ArtifactMediaType))
	if d.ImageScanStatus != nil {
		l.Scan.Status = string(d.ImageScanStatus.Status)
	}
	if d.ImageScanFindingsSummary != nil {
		l.Scan.Counts = countsOf(d.ImageScanFindingsSummary.FindingSeverityCounts)
	}
	return l
}

// mediaType returns the constant where there is one: a hundred thousand images need not
// keep as many copies.
func mediaType(s string) string {
	if i := slices.Index(manifestTypes, s); i >= 0 {
		return manifestTypes[i]
	}
	return s
}

// PushedAt returns when a version was pushed, by its digest; zero where the repository
// does not have it. It is one call.
func (e *ECR) PushedAt(ctx context.Context, account, repository string, digest tagboat.Digest) (time.Time, error) {
	out, err := e.client.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RegistryId: optional(account), RepositoryName: aws.String(repository),
		ImageIds: []types.ImageIdentifier{{ImageDigest: aws.String(string(digest))}},
	})
	var none *types.ImageNotFoundException
	switch {
	case errors.As(err, &none):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, translate(err)
	case len(out.ImageDetails) != 1:
		return time.Time{}, fmt.Errorf("ecr.DescribeImages: AWS's answer has %d images, and one was asked for", len(out.ImageDetails))
	}
	return aws.ToTime(out.ImageDetails[0].ImagePushedAt).UTC(), nil
}

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
		return "", nil, translate(err)
	}
	if out.ImageScanStatus != nil {
		status = string(out.ImageScanStatus.Status)
	}
	if out.ImageScanFindings != nil {
		counts = countsOf(out.ImageScanFindings.FindingSeverityCounts)
	}
	return status, counts, nil
}

func countsOf(bySeverity map[string]int32) map[string]int {
	counts := map[string]int{}
	for severity, n := range bySeverity {
		counts[severity] = int(n)
	}
	return counts
}
