package ecr_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat/internal/expect"
)

func TestDescribeImages(t *testing.T) {
	b := newBox(t)
	image := randomImage(t)
	digest := b.push("shop/api:v1", image)
	b.clock.Advance(time.Hour)
	b.push("shop/api:stable", image)
	size := int64(0)
	m := expect.Value(image.Manifest())(t)
	for _, layer := range append(m.Layers, m.Config) {
		size += layer.Size
	}
	want := []types.ImageDetail{{
		ArtifactMediaType:      aws.String(string(m.Config.MediaType)),
		ImageDigest:            &digest,
		ImageManifestMediaType: aws.String(string(m.MediaType)),
		ImagePushedAt:          aws.Time(start),
		ImageSizeInBytes:       &size,
		ImageStatus:            types.ImageStatusActive,
		ImageTags:              []string{"stable", "v1"},
		RegistryId:             aws.String(account),
		RepositoryName:         aws.String("shop/api"),
	}}
	for name, ids := range map[string][]types.ImageIdentifier{"all": nil, "by tag": {tagID("v1")}, "by digest": {digestID(digest)}} {
		t.Run(name, func(t *testing.T) {
			expect.Equal(t, want, b.describe("shop/api", ids...), cmpopts.IgnoreUnexported(types.ImageDetail{}))
		})
	}
	wantError(t, expect.Err(b.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: aws.String("shop/api"), ImageIds: []types.ImageIdentifier{tagID("v2")}})),
		"ImageNotFoundException", "The image with imageId {imageDigest:'null', imageTag:'v2'} does not exist "+
			"within the repository with name 'shop/api' in the registry with id '111111111111'")
	wantError(t, expect.Err(b.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: aws.String("none")})), "RepositoryNotFoundException", "")
}

// fill pushes n images: every third has two tags, every fifth none.
func (b *box) fill(repository string, n int) (ids, digests []string) {
	b.t.Helper()
	b.push(repository+":base", randomImage(b.t))
	base := b.describe(repository)[0]
	ids, digests = append(ids, *base.ImageDigest+" base"), append(digests, *base.ImageDigest)
	for i := range n {
		index := fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"annotations":{"n":"%d"}}`, i)
		tags := []string{fmt.Sprint("v", i)}
		switch {
		case i%5 == 4:
			tags = []string{""}
		case i%3 == 2:
			tags = append(tags, fmt.Sprint("w", i))
		}
		for _, tag := range tags {
			in := &ecr.PutImageInput{RepositoryName: &repository, ImageManifest: &index}
			if tag != "" {
				in.ImageTag = &tag
			}
			out := expect.Value(b.PutImage(b.t.Context(), in))(b.t)
			digest := *out.Image.ImageId.ImageDigest
			ids = append(ids, digest+" "+tag)
			if !slices.Contains(digests, digest) {
				digests = append(digests, digest)
			}
		}
	}
	return ids, digests
}

func TestImagesPageByPage(t *testing.T) {
	b := newBox(t)
	wantIDs, wantDigests := b.fill("big", 130)
	for _, size := range []int32{0, 1, 3, 1000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			var limit *int32
			if size > 0 {
				limit = &size
			}
			var gotIDs, gotDigests []string
			list := ecr.NewListImagesPaginator(b, &ecr.ListImagesInput{RepositoryName: aws.String("big"), MaxResults: limit})
			for list.HasMorePages() {
				page := expect.Value(list.NextPage(b.t.Context()))(t)
				for _, id := range page.ImageIds {
					gotIDs = append(gotIDs, aws.ToString(id.ImageDigest)+" "+aws.ToString(id.ImageTag))
				}
			}
			describe := ecr.NewDescribeImagesPaginator(b, &ecr.DescribeImagesInput{RepositoryName: aws.String("big"), MaxResults: limit})
			for describe.HasMorePages() {
				page := expect.Value(describe.NextPage(b.t.Context()))(t)
				if size == 0 && len(page.ImageDetails) > 100 {
					t.Errorf("a page has %d images, want up to 100", len(page.ImageDetails))
				}
				for _, d := range page.ImageDetails {
					gotDigests = append(gotDigests, *d.ImageDigest)
				}
			}
			expect.EqualIn(t, "ListImages", wantIDs, gotIDs)
			expect.EqualIn(t, "DescribeImages", wantDigests, gotDigests)
		})
	}
	wantError(t, expect.Err(b.ListImages(t.Context(), &ecr.ListImagesInput{RepositoryName: aws.String("big"), MaxResults: aws.Int32(1001)})),
		"InvalidParameterException", "")
	wantError(t, expect.Err(b.ListImages(t.Context(), &ecr.ListImagesInput{RepositoryName: aws.String("big"), NextToken: aws.String("?")})),
		"InvalidParameterException", "")
}

func TestImageFilters(t *testing.T) {
	b := newBox(t)
	b.fill("big", 10) // and one more: 11 images of which 2 have no tag
	tests := map[string]struct {
		filter types.DescribeImagesFilter
		want   int
	}{
		"none":     {types.DescribeImagesFilter{}, 11},
		"tagged":   {types.DescribeImagesFilter{TagStatus: types.TagStatusTagged}, 9},
		"untagged": {types.DescribeImagesFilter{TagStatus: types.TagStatusUntagged}, 2},
		"active":   {types.DescribeImagesFilter{ImageStatus: types.ImageStatusFilterActive}, 11},
		"archived": {types.DescribeImagesFilter{ImageStatus: types.ImageStatusFilterArchived}, 0},
		"any":      {types.DescribeImagesFilter{TagStatus: types.TagStatusAny, ImageStatus: types.ImageStatusFilterAny}, 11},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := b.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: aws.String("big"), Filter: &test.filter})
			if err != nil || len(out.ImageDetails) != test.want {
				t.Errorf("%d images, %v, want %d", len(out.ImageDetails), err, test.want)
			}
		})
	}
}

func TestBatchGetImage(t *testing.T) {
	b := newBox(t)
	image := randomImage(t)
	digest := b.push("app:v1", image)
	out := expect.Value(b.BatchGetImage(t.Context(), &ecr.BatchGetImageInput{RepositoryName: aws.String("app"), ImageIds: []types.ImageIdentifier{
		tagID("v1"), digestID(digest), tagID("v2"), digestID("sha256:1"), {}, {ImageTag: aws.String("v1"), ImageDigest: aws.String(digest)},
	}}))(t)
	for i, got := range out.Images {
		if *got.ImageManifest != *manifest(t, image) || *got.ImageId.ImageDigest != digest {
			t.Errorf("image %d is %s", i, *got.ImageManifest)
		}
	}
	var codes []types.ImageFailureCode
	for _, f := range out.Failures {
		codes = append(codes, f.FailureCode)
	}
	want := []types.ImageFailureCode{types.ImageFailureCodeImageNotFound, types.ImageFailureCodeInvalidImageDigest, types.ImageFailureCodeMissingDigestAndTag}
	if diff := cmp.Diff(want, codes); diff != "" || len(out.Images) != 3 {
		t.Errorf("%d images, failures %s", len(out.Images), diff)
	}
	_, err := b.BatchGetImage(t.Context(), &ecr.BatchGetImageInput{RepositoryName: aws.String("app"), ImageIds: make([]types.ImageIdentifier, 101)})
	wantError(t, err, "InvalidParameterException", "")
}

func TestBatchDeleteImage(t *testing.T) {
	b := newBox(t)
	index := expect.Value(random.Index(100, 1, 1))(t)
	expect.OK(t, remote.WriteIndex(b.ref("app:multi"), index))
	m := expect.Value(index.IndexManifest())(t)
	child := m.Manifests[0].Digest.String()
	image := randomImage(t)
	digest := b.push("app:v1", image)
	b.push("app:v2", image)
	remove := func(ids ...types.ImageIdentifier) string {
		t.Helper()
		out := expect.Value(b.BatchDeleteImage(t.Context(), &ecr.BatchDeleteImageInput{RepositoryName: aws.String("app"), ImageIds: ids}))(t)
		s := ""
		for _, id := range out.ImageIds {
			s += aws.ToString(id.ImageTag) + "@" + *id.ImageDigest + " "
		}
		for _, f := range out.Failures {
			s += string(f.FailureCode) + " "
		}
		return s
	}
	steps := []struct {
		name string
		id   types.ImageIdentifier
		want string
		left int // images
	}{
		{"the child of an index", digestID(child), "ImageReferencedByManifestList ", 3},
		{"a tag of two", tagID("v1"), "v1@" + digest + " ", 3},
		{"a tag that is gone", tagID("v1"), "ImageNotFound ", 3},
		{"tag and another digest", types.ImageIdentifier{ImageTag: aws.String("v2"), ImageDigest: &child}, "ImageTagDoesNotMatchDigest ", 3},
		{"the last tag", tagID("v2"), "v2@" + digest + " ", 2},
		{"the index by digest", digestID(digestOf(t, index)), "multi@" + digestOf(t, index) + " ", 1},
		{"its child, now free", digestID(child), "@" + child + " ", 0},
	}
	for _, step := range steps {
		expect.EqualIn(t, step.name, step.want, remove(step.id))
		if left := len(b.describe("app")); left != step.left {
			t.Errorf("%s: %d images are left, want %d", step.name, left, step.left)
		}
	}
}
