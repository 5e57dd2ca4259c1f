package ssm_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// TestPublicParameters reads what AWS has for everybody, by name, ARN and path, and cannot
// change it.
func TestPublicParameters(t *testing.T) {
	s := newStore(t)
	const image, arn = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id", "arn:aws:ssm:eu-west-1::parameter"
	byName := expect.Value(s.GetParameter(t.Context(), &sdk.GetParameterInput{Name: aws.String(image)}))(t)
	if p := byName.Parameter; !strings.HasPrefix(*p.Value, "ami-0") || *p.ARN != arn+image || p.Type != types.ParameterTypeString {
		t.Errorf("it is %s %s %s", *p.Value, *p.ARN, p.Type)
	}
	byARN, err := s.GetParameters(t.Context(), &sdk.GetParametersInput{Names: []string{arn + image, "/aws/service/none"}})
	if err != nil || len(byARN.Parameters) != 1 || len(byARN.InvalidParameters) != 1 {
		t.Errorf("by ARN: %+v, %v", byARN, err)
	}
	pages, err := pathPages(t, s, &sdk.GetParametersByPathInput{Path: aws.String("/aws/service/aws-for-fluent-bit")})
	want := [][]string{{
		"/aws/service/aws-for-fluent-bit/latest=906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:latest",
		"/aws/service/aws-for-fluent-bit/stable=906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable",
	}}
	if diff := cmp.Diff(want, pages); diff != "" || err != nil {
		t.Errorf("by path: %v, (-want +got):\n%s", err, diff)
	}
	_, err = s.PutParameter(t.Context(), &sdk.PutParameterInput{Name: aws.String(image), Value: aws.String("x"), Type: types.ParameterTypeString})
	wiretest.WantFailure(t, err, "AccessDeniedException")
	described, err := s.DescribeParameters(t.Context(), &sdk.DescribeParametersInput{})
	if err != nil || len(described.Parameters) != 0 {
		t.Errorf("they are nobody's own: %+v, %v", described, err)
	}
}

// TestOldFilters searches as clients did before ParameterFilters.
func TestOldFilters(t *testing.T) {
	s := tree(t)
	names := func(filters ...types.ParametersFilter) []string {
		t.Helper()
		out := expect.Value(s.DescribeParameters(t.Context(), &sdk.DescribeParametersInput{Filters: filters}))(t)
		var names []string
		for _, p := range out.Parameters {
			names = append(names, *p.Name)
		}
		return names
	}
	byName := types.ParametersFilter{Key: types.ParametersFilterKeyName, Values: []string{"/c/dev/", "plain"}}
	byType := types.ParametersFilter{Key: types.ParametersFilterKeyType, Values: []string{"StringList"}}
	expect.EqualIn(t, "by name", []string{"/c/dev/api", "/c/dev/web", "/c/dev/x/deep", "/c/dev/zlist", "plain"}, names(byName))
	expect.EqualIn(t, "by name and type", []string{"/c/dev/zlist"}, names(byName, byType))
	_, err := s.DescribeParameters(t.Context(), &sdk.DescribeParametersInput{
		Filters: []types.ParametersFilter{byName}, ParameterFilters: filters("Name", "", "x"),
	})
	wiretest.WantFailure(t, err, "ValidationException: You can use either Filters or ParameterFilters in a single request.")
}
