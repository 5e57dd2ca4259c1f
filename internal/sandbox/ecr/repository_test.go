package ecr_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tagboat/tagboat/internal/expect"
)

func TestRepositoryLife(t *testing.T) {
	b := newBox(t)
	ctx := t.Context()
	made := b.create("shop/api", func(in *ecr.CreateRepositoryInput) {
		in.ImageTagMutability = types.ImageTagMutabilityImmutableWithExclusion
		in.ImageTagMutabilityExclusionFilters = []types.ImageTagMutabilityExclusionFilter{
			{FilterType: types.ImageTagMutabilityExclusionFilterTypeWildcard, Filter: aws.String("dev-*")}}
		in.ImageScanningConfiguration = &types.ImageScanningConfiguration{ScanOnPush: true}
		in.EncryptionConfiguration = &types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeKms, KmsKey: aws.String("k")}
	})
	want := &types.Repository{
		CreatedAt:                  aws.Time(start),
		EncryptionConfiguration:    &types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeKms, KmsKey: aws.String("k")},
		ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: true},
		ImageTagMutability:         types.ImageTagMutabilityImmutableWithExclusion,
		ImageTagMutabilityExclusionFilters: []types.ImageTagMutabilityExclusionFilter{
			{FilterType: types.ImageTagMutabilityExclusionFilterTypeWildcard, Filter: aws.String("dev-*")}},
		RegistryId:     aws.String(account),
		RepositoryArn:  aws.String("arn:aws:ecr:eu-west-1:111111111111:repository/shop/api"),
		RepositoryName: aws.String("shop/api"),
		RepositoryUri:  aws.String(b.host + "/shop/api"),
	}
	same := cmpopts.IgnoreUnexported(types.Repository{}, types.EncryptionConfiguration{}, types.ImageScanningConfiguration{}, types.ImageTagMutabilityExclusionFilter{})
	expect.Equal(t, want, made, same)
	described := expect.Value(b.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"shop/api"}}))(t)
	expect.Equal(t, []types.Repository{*want}, described.Repositories, same)
	_, err := b.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("shop/api")})
	wantError(t, err, "RepositoryAlreadyExistsException", "The repository with name 'shop/api' already exists in the registry with id '111111111111'")
	b.push("shop/api:v1", randomImage(t))
	_, err = b.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: aws.String("shop/api")})
	wantError(t, err, "RepositoryNotEmptyException",
		"The repository with name 'shop/api' in registry with id '111111111111' cannot be deleted because it still contains images")
	if _, err = b.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: aws.String("shop/api"), Force: true}); err != nil {
		t.Fatal(err)
	}
	_, err = b.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"shop/api"}})
	wantError(t, err, "RepositoryNotFoundException", "The repository with name 'shop/api' does not exist in the registry with id '111111111111'")
}

func TestCreateRepositoryChecks(t *testing.T) {
	b := newBox(t)
	filter := func(filters ...string) func(*ecr.CreateRepositoryInput) {
		return func(in *ecr.CreateRepositoryInput) {
			for _, f := range filters {
				in.ImageTagMutabilityExclusionFilters = append(in.ImageTagMutabilityExclusionFilters, types.ImageTagMutabilityExclusionFilter{
					FilterType: types.ImageTagMutabilityExclusionFilterTypeWildcard, Filter: &f})
			}
		}
	}
	tests := map[string]struct {
		name       string
		mutability types.ImageTagMutability
		change     func(*ecr.CreateRepositoryInput)
	}{
		"upper case":             {"Shop", "", nil},
		"one letter":             {"a", "", nil},
		"unknown mutability":     {"shop", "SOMETIMES", nil},
		"exclusion without any":  {"shop", types.ImageTagMutabilityImmutableWithExclusion, nil},
		"filters without use":    {"shop", types.ImageTagMutabilityImmutable, filter("a")},
		"filter with a bad rune": {"shop", types.ImageTagMutabilityMutableWithExclusion, filter("a?")},
		"six filters":            {"shop", types.ImageTagMutabilityMutableWithExclusion, filter("a", "b", "c", "d", "e", "f")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := &ecr.CreateRepositoryInput{RepositoryName: &test.name, ImageTagMutability: test.mutability}
			if test.change != nil {
				test.change(in)
			}
			wantError(t, expect.Err(b.CreateRepository(t.Context(), in)), "InvalidParameterException", "")
		})
	}
}

func TestDescribeRepositoriesPages(t *testing.T) {
	b := newBox(t)
	var want []string
	for i := range 5 {
		want = append(want, *b.create(fmt.Sprint("repo-", i)).RepositoryName)
	}
	var got []string
	pages := ecr.NewDescribeRepositoriesPaginator(b, &ecr.DescribeRepositoriesInput{MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page := expect.Value(pages.NextPage(t.Context()))(t)
		if len(got) == 2 { // one that goes shifts nothing
			expect.Value(b.DeleteRepository(t.Context(), &ecr.DeleteRepositoryInput{RepositoryName: aws.String("repo-0")}))(t)
		}
		for _, r := range page.Repositories {
			got = append(got, *r.RepositoryName)
		}
	}
	expect.Equal(t, want, got)
}

func TestAccountsAndRegionsAreApart(t *testing.T) {
	b := newBox(t)
	b.create("shop/api")
	_, err := b.client("us-east-1").DescribeRepositories(t.Context(), &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"shop/api"}})
	wantError(t, err, "RepositoryNotFoundException", "")
	b.create("theirs", func(in *ecr.CreateRepositoryInput) { in.RegistryId = aws.String("222222222222") })
	wantError(t, expect.Err(b.DescribeRepositories(t.Context(), &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"theirs"}})), "RepositoryNotFoundException", "")
	b.push("theirs:v1", randomImage(t))
	out, err := b.ListImages(t.Context(), &ecr.ListImagesInput{RepositoryName: aws.String("theirs"), RegistryId: aws.String("222222222222")})
	if err != nil || len(out.ImageIds) != 1 {
		t.Errorf("%v, %v: a push by name goes to the account that has the repository", out, err)
	}
}

func TestAuthorizationToken(t *testing.T) {
	b := newBox(t)
	out := expect.Value(b.GetAuthorizationToken(t.Context(), &ecr.GetAuthorizationTokenInput{}))(t)
	data := out.AuthorizationData[0]
	if *data.ProxyEndpoint != b.url || !data.ExpiresAt.Equal(start.Add(12*time.Hour)) {
		t.Errorf("token for %s until %v", *data.ProxyEndpoint, data.ExpiresAt)
	}
	decoded, err := base64.StdEncoding.DecodeString(*data.AuthorizationToken)
	if user, password, _ := strings.Cut(string(decoded), ":"); err != nil || user != "AWS" || password == "" {
		t.Errorf("token decodes to user %q, %v", user, err)
	}
}

func TestSettings(t *testing.T) {
	b := newBox(t)
	ctx := t.Context()
	repo := b.create("shop/api", func(in *ecr.CreateRepositoryInput) {
		in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}, {Key: aws.String("old"), Value: aws.String("")}}
	})
	name := repo.RepositoryName
	wantError(t, expect.Err(b.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: name})), "LifecyclePolicyNotFoundException",
		"Lifecycle policy does not exist for the repository with name 'shop/api' in the registry with id '111111111111'")
	wantError(t, expect.Err(b.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: name})), "RepositoryPolicyNotFoundException", "")

	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(b.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{RepositoryName: name, LifecyclePolicyText: aws.String(`{"rules":[]}`)}))
	must(b.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: name, PolicyText: aws.String(`{"Version":"2012-10-17"}`)}))
	must(b.PutImageScanningConfiguration(ctx, &ecr.PutImageScanningConfigurationInput{RepositoryName: name,
		ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: true}}))
	must(b.PutImageTagMutability(ctx, &ecr.PutImageTagMutabilityInput{RepositoryName: name, ImageTagMutability: types.ImageTagMutabilityImmutable}))
	must(b.TagResource(ctx, &ecr.TagResourceInput{ResourceArn: repo.RepositoryArn, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("b")}}}))
	must(b.UntagResource(ctx, &ecr.UntagResourceInput{ResourceArn: repo.RepositoryArn, TagKeys: []string{"old"}}))

	lifecycle, err := b.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: name})
	must(nil, err)
	policy, err := b.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: name})
	must(nil, err)
	described, err := b.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{})
	must(nil, err)
	tags, err := b.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: repo.RepositoryArn})
	must(nil, err)
	got := []any{*lifecycle.LifecyclePolicyText, *policy.PolicyText, described.Repositories[0].ImageScanningConfiguration.ScanOnPush,
		described.Repositories[0].ImageTagMutability, len(tags.Tags), *tags.Tags[0].Value}
	want := []any{`{"rules":[]}`, `{"Version":"2012-10-17"}`, true, types.ImageTagMutabilityImmutable, 1, "b"}
	expect.Equal(t, want, got)
	must(b.DeleteLifecyclePolicy(ctx, &ecr.DeleteLifecyclePolicyInput{RepositoryName: name}))
	wantError(t, expect.Err(b.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: name})), "LifecyclePolicyNotFoundException", "")
}
