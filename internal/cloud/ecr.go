package cloud

import (
	"context"
	"encoding/base64"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// ECR is the container registry in one place. It is safe for concurrent use.
type ECR struct {
	client *ecr.Client
	now    func() time.Time // by AWS's clock
	login  chan *login      // the last one, or nil; taking it out obliges to put one back
}

type login struct {
	user, password string
	expires        time.Time
}

// loginAgain is how long before its end a login is replaced, so that nobody begins
// something with it that it does not outlast. ECR's logins hold for twelve hours.
const loginAgain = time.Hour

// Authorization returns the login for the registries that the caller may use, good for
// at least an hour where AWS gave it longer. ECR is asked for it once.
func (e *ECR) Authorization(ctx context.Context) (user, password string, expires time.Time, err error) {
	var last *login
	select {
	case last = <-e.login:
	case <-ctx.Done():
		return "", "", time.Time{}, ctx.Err()
	}
	if last == nil || last.expires.Sub(e.now()) < loginAgain {
		var fresh *login
		if fresh, err = e.authorize(ctx); err == nil {
			last = fresh
		}
	}
	e.login <- last
	if err != nil {
		return "", "", time.Time{}, err
	}
	return last.user, last.password, last.expires, nil
}

func (e *ECR) authorize(ctx context.Context) (*login, error) {
	out, err := e.client.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return nil, translate(err)
	}
	if len(out.AuthorizationData) == 0 {
		return nil, errors.New("ecr.GetAuthorizationToken: AWS's answer has no token")
	}
	data := out.AuthorizationData[0]
	token, err := base64.StdEncoding.DecodeString(aws.ToString(data.AuthorizationToken))
	user, password, ok := strings.Cut(string(token), ":")
	if err != nil || !ok {
		return nil, errors.New("ecr.GetAuthorizationToken: AWS's answer has no token that could be read")
	}
	return &login{user: user, password: password, expires: aws.ToTime(data.ExpiresAt)}, nil
}

// CreateRepository makes a repository whose images are scanned when they are pushed and
// whose tags do not move, but for those in moving. It reports false where the repository
// exists already, and leaves that one as it is.
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
		return false, translate(err)
	}
	return true, nil
}

// Movable returns a function that reports whether a repository lets a tag move. It is one
// call for all tags.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
func (e *ECR) Movable(ctx context.Context, account, repository string) (func(tag string) bool, error) {
	out, err := e.client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{
		RegistryId: optional(account), RepositoryNames: []string{repository},
	})
	if err != nil {
		return nil, translate(err)
	}
	if len(out.Repositories) == 0 {
		return nil, errors.New("ecr.DescribeRepositories: AWS's answer has no repository")
	}
	repo := out.Repositories[0]
	return func(tag string) bool {
		excluded := slices.ContainsFunc(repo.ImageTagMutabilityExclusionFilters, func(f types.ImageTagMutabilityExclusionFilter) bool {
			matches, err := path.Match(aws.ToString(f.Filter), tag) // in both, * stands for any characters of a tag
			return matches && err == nil
		})
		switch repo.ImageTagMutability {
		case types.ImageTagMutabilityImmutable:
			return false
		case types.ImageTagMutabilityImmutableWithExclusion:
			return excluded
		case types.ImageTagMutabilityMutableWithExclusion:
			return !excluded
		default:
			return true
		}
	}, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
