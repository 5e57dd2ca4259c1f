package ecr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
)

func TestRetagByPutImage(t *testing.T) {
	b := newBox(t)
	image := randomImage(t)
	digest := b.push("app:v1", image)
	b.clock.Advance(time.Hour)
	put := func(tag string) error {
		_, err := b.PutImage(t.Context(), &ecr.PutImageInput{RepositoryName: aws.String("app"), ImageTag: &tag,
			ImageManifest: manifest(t, image), ImageDigest: &digest})
		return err
	}
	expect.OK(t, put("stable"))
	wantError(t, put("stable"), "ImageAlreadyExistsException",
		"Image with digest '"+digest+"' and tag 'stable' already exists in the repository with name 'app' in registry with id '111111111111'")
	got := b.describe("app")
	if diff := cmp.Diff([]string{"stable", "v1"}, got[0].ImageTags); diff != "" || !got[0].ImagePushedAt.Equal(start) {
		t.Errorf("pushed at %v; tags %s", got[0].ImagePushedAt, diff)
	}
	expect.Value(b.PutImageTagMutability(t.Context(), &ecr.PutImageTagMutabilityInput{
		RepositoryName: aws.String("app"), ImageTagMutability: types.ImageTagMutabilityImmutable,
	}))(t)
	wantError(t, put("stable"), "ImageTagAlreadyExistsException",
		"The image tag 'stable' already exists in the 'app' repository and cannot be overwritten because the tag is immutable.")
	if err := put("new"); err != nil {
		t.Errorf("a new tag in an immutable repository: %v", err)
	}
}

func TestPutImageChecks(t *testing.T) {
	b := newBox(t)
	absent := "sha256:" + strings.Repeat("a", 64)
	b.create("app")
	elsewhere := randomImage(t)
	b.push("elsewhere:v1", elsewhere)
	index := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[` + `{"digest":"` + absent + `"}]}`
	tests := map[string]struct {
		in   ecr.PutImageInput
		code string
		text string
	}{
		"no repository": {ecr.PutImageInput{RepositoryName: aws.String("none"), ImageManifest: aws.String("{}")}, "RepositoryNotFoundException", ""},
		"no manifest":   {ecr.PutImageInput{ImageManifest: aws.String("{}")}, "InvalidParameterException", ""},
		"no media type": {ecr.PutImageInput{ImageManifest: aws.String(`{"schemaVersion":2,"manifests":[]}`)}, "InvalidParameterException", ""},
		"bad tag":       {ecr.PutImageInput{ImageManifest: manifest(t, elsewhere), ImageTag: aws.String("a b")}, "InvalidParameterException", ""},
		"another digest": {ecr.PutImageInput{ImageManifest: manifest(t, elsewhere), ImageDigest: &absent}, "ImageDigestDoesNotMatchException",
			"The image with digest '" + absent + "' in repository 'app' and registry ID '111111111111' does not match the image digest that Amazon ECR has calculated."},
		"missing layers": {ecr.PutImageInput{ImageManifest: manifest(t, elsewhere)}, "LayersNotFoundException", ""},
		"missing child": {ecr.PutImageInput{ImageManifest: &index}, "ReferencedImagesNotFoundException",
			"Images with digests '[" + absent + "]' required for pushing image into repository with name 'app' in the registry with id '111111111111' do not exist"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.in.RepositoryName == nil {
				test.in.RepositoryName = aws.String("app")
			}
			wantError(t, expect.Err(b.PutImage(t.Context(), &test.in)), test.code, test.text)
		})
	}
	if got := b.describe("app"); len(got) != 0 {
		t.Errorf("refused manifests left %d images", len(got))
	}
}

func TestScanFindings(t *testing.T) {
	b := newBox(t)
	tests := map[string]struct {
		value  string
		status types.ScanStatus
		counts map[string]int32
		first  types.FindingSeverity
	}{
		"some":      {"high=2, critical=1", types.ScanStatusComplete, map[string]int32{"CRITICAL": 1, "HIGH": 2}, types.FindingSeverityCritical},
		"clean":     {"", types.ScanStatusComplete, map[string]int32{}, ""},
		"malformed": {"high", types.ScanStatusFailed, nil, ""},
		"unknown":   {"awful=1", types.ScanStatusFailed, nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b.push("app:"+name, labelled(t, "tagboat.sandbox.scan", test.value))
			out := expect.Value(b.DescribeImageScanFindings(t.Context(), &ecr.DescribeImageScanFindingsInput{
				RepositoryName: aws.String("app"), ImageId: &types.ImageIdentifier{ImageTag: &name}}))(t)
			if out.ImageScanStatus.Status != test.status {
				t.Fatalf("status %s, want %s", out.ImageScanStatus.Status, test.status)
			}
			if test.counts == nil {
				return
			}
			expect.Equal(t, test.counts, out.ImageScanFindings.FindingSeverityCounts)
			if findings := out.ImageScanFindings.Findings; len(findings) > 0 && findings[0].Severity != test.first {
				t.Errorf("the first finding is %s, want %s", findings[0].Severity, test.first)
			}
		})
	}
	digest := b.push("app:never", randomImage(t))
	_, err := b.DescribeImageScanFindings(t.Context(), &ecr.DescribeImageScanFindingsInput{
		RepositoryName: aws.String("app"), ImageId: &types.ImageIdentifier{ImageTag: aws.String("never")}})
	wantError(t, err, "ScanNotFoundException", "Image scan does not exist for the image with '{imageDigest:'"+digest+
		"', imageTag:'never'}' in the repository with name 'app' in the registry with id '111111111111'")
}

// TestStartImageScan scans an image that has no label, which takes a while and finds
// nothing, and not again on the same day.
func TestStartImageScan(t *testing.T) {
	b := newBox(t)
	b.push("app:plain", randomImage(t))
	id := &types.ImageIdentifier{ImageTag: aws.String("plain")}
	scan := func() error {
		return expect.Err(b.StartImageScan(t.Context(), &ecr.StartImageScanInput{RepositoryName: aws.String("app"), ImageId: id}))
	}
	status := func(tag string) types.ScanStatus {
		out := expect.Value(b.DescribeImageScanFindings(t.Context(), &ecr.DescribeImageScanFindingsInput{
			RepositoryName: aws.String("app"), ImageId: &types.ImageIdentifier{ImageTag: &tag},
		}))(t)
		return out.ImageScanStatus.Status
	}
	expect.OK(t, scan())
	expect.EqualIn(t, "at once it", types.ScanStatusInProgress, status("plain"))
	b.clock.Advance(time.Minute)
	expect.EqualIn(t, "later it", types.ScanStatusComplete, status("plain"))
	wantError(t, scan(), "LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.")
	b.clock.Advance(24 * time.Hour)
	if err := scan(); err != nil {
		t.Errorf("a day later: %v", err)
	}
	expect.Value(b.PutImageScanningConfiguration(t.Context(), &ecr.PutImageScanningConfigurationInput{
		RepositoryName: aws.String("app"), ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: true},
	}))(t)
	b.push("app:pushed", randomImage(t))
	expect.EqualIn(t, "a pushed image", types.ScanStatusInProgress, status("pushed"))
}

// TestFilterWildcards allows two in a filter, and no third.
func TestFilterWildcards(t *testing.T) {
	b := newBox(t)
	b.create("app")
	for filter, code := range map[string]string{"v*-*": "", "v*-*-*": "InvalidParameterException"} {
		_, err := b.PutImageTagMutability(t.Context(), &ecr.PutImageTagMutabilityInput{
			RepositoryName: aws.String("app"), ImageTagMutability: types.ImageTagMutabilityImmutableWithExclusion,
			ImageTagMutabilityExclusionFilters: []types.ImageTagMutabilityExclusionFilter{{
				Filter: &filter, FilterType: types.ImageTagMutabilityExclusionFilterTypeWildcard,
			}},
		})
		if code == "" && err != nil {
			t.Errorf("%s: %v", filter, err)
		} else if code != "" {
			wantError(t, err, code, "")
		}
	}
}
