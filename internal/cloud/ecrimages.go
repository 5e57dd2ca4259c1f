package cloud

import (
	"context"
	"errors"
	"fmt"
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
func (l ecrLister) List(ctx context.Context, repository tagboat.Reference) ([]registry.Listed, error) {
	pages := ecr.NewDescribeImagesPaginator(l.ecr.client, &ecr.DescribeImagesInput{
		RegistryId:     optional(l.account),
		RepositoryName: aws.String(repository.Repository),
		MaxResults:     aws.Int32(imagesAPage),
	})
	var all []registry.Listed
	last := ""
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var none *types.RepositoryNotFoundException
		if errors.As(err, &none) {
			return nil, registry.NoRepository(repository.Host, repository.Repository)
		}
		if err != nil {
			return nil, explain(err)
		}
		for i := range page.ImageDetails {
			all = append(all, listed(&page.ImageDetails[i]))
		}
		if next := aws.ToString(page.NextToken); next != "" && next == last {
			return nil, errors.New("ecr.DescribeImages: AWS's answer is the same page again and again")
		}
		last = aws.ToString(page.NextToken)
	}
	return all, nil
}

func listed(d *types.ImageDetail) registry.Listed {
	l := registry.Listed{
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
		l.Scan.Counts = map[string]int{}
		for severity, n := range d.ImageScanFindingsSummary.FindingSeverityCounts {
			l.Scan.Counts[severity] = int(n)
		}
	}
	return l
}

// mediaType returns the constant where there is one: a hundred thousand images need not
// keep as many copies.
func mediaType(s string) string {
	for _, known := range manifestTypes {
		if s == known {
			return known
		}
	}
	return s
}

// Movable tells whether a repository lets a tag move. It is one call.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
func (e *ECR) Movable(ctx context.Context, account, repository, tag string) (bool, error) {
	out, err := e.client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{
		RegistryId: optional(account), RepositoryNames: []string{repository},
	})
	if err != nil {
		return false, explain(err)
	}
	if len(out.Repositories) == 0 {
		return false, errors.New("ecr.DescribeRepositories: AWS's answer has no repository")
	}
	found := out.Repositories[0]
	excluded := false
	for _, filter := range found.ImageTagMutabilityExclusionFilters {
		excluded = excluded || wildcard(aws.ToString(filter.Filter), tag)
	}
	switch found.ImageTagMutability {
	case types.ImageTagMutabilityImmutable:
		return false, nil
	case types.ImageTagMutabilityImmutableWithExclusion:
		return excluded, nil
	case types.ImageTagMutabilityMutableWithExclusion:
		return !excluded, nil
	default:
		return true, nil
	}
}

// wildcard tells whether s matches a filter in which * stands for anything.
func wildcard(filter, s string) bool {
	for i, r := range filter {
		if r == '*' {
			for rest := s; ; rest = rest[1:] {
				if wildcard(filter[i+1:], rest) {
					return true
				}
				if rest == "" {
					return false
				}
			}
		}
		if s == "" || s[0] != filter[i] {
			return false
		}
		s = s[1:]
	}
	return s == ""
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
		return time.Time{}, explain(err)
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
