package ssm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// labels returns the labels of each version of /p.
func (s store) labels(t *testing.T) map[int64][]string {
	t.Helper()
	out := expect.Value(s.GetParameterHistory(t.Context(), &sdk.GetParameterHistoryInput{Name: aws.String("/p")}))(t)
	m := map[int64][]string{}
	for _, v := range out.Parameters {
		m[v.Version] = v.Labels
	}
	return m
}

func TestLabelsMove(t *testing.T) {
	s := newStore(t)
	s.put(t, "/p", "1")
	s.put(t, "/p", "2")
	s.label(t, "/p", 1, "good", "old")
	got := s.label(t, "/p", 0, "good", "9th", "awsome", "SSM-x", "a b", "_ok.-")
	want := &sdk.LabelParameterVersionOutput{InvalidLabels: []string{"9th", "awsome", "SSM-x", "a b"}, ParameterVersion: 2}
	expect.Equal(t, want, got, sdkOnly)
	expect.Equal(t, map[int64][]string{1: {"old"}, 2: {"good", "_ok.-"}}, s.labels(t))
	s.put(t, "/p", "3")
	expect.EqualIn(t, "a new version has labels", map[int64][]string{1: {"old"}, 2: {"good", "_ok.-"}, 3: {}}, s.labels(t))
}

func TestUnlabel(t *testing.T) {
	s := newStore(t)
	s.put(t, "/p", "1")
	s.label(t, "/p", 1, "a", "b")
	got := expect.Value(s.UnlabelParameterVersion(t.Context(), &sdk.UnlabelParameterVersionInput{
		Name: aws.String("/p"), ParameterVersion: aws.Int64(1), Labels: []string{"b", "c"},
	}))(t)
	want := &sdk.UnlabelParameterVersionOutput{RemovedLabels: []string{"b"}, InvalidLabels: []string{"c"}}
	expect.Equal(t, want, got, sdkOnly)
	expect.Equal(t, map[int64][]string{1: {"a"}}, s.labels(t))
}

func TestLabelRules(t *testing.T) {
	s := newStore(t)
	s.put(t, "/p", "1")
	var ten []string
	for i := range 10 {
		ten = append(ten, fmt.Sprintf("l%d", i))
	}
	s.label(t, "/p", 1, ten...)
	s.label(t, "/p", 1, ten...) // again is nothing new
	for name, tt := range map[string]struct {
		in   sdk.LabelParameterVersionInput
		want string
	}{
		"eleventh": {sdk.LabelParameterVersionInput{Name: aws.String("/p"), Labels: []string{"l10"}},
			"ParameterVersionLabelLimitExceeded: A parameter version can have maximum 10 labels."},
		"none":              {sdk.LabelParameterVersionInput{Name: aws.String("/p"), Labels: []string{}}, "ValidationException: "},
		"too long":          {sdk.LabelParameterVersionInput{Name: aws.String("/p"), Labels: []string{strings.Repeat("l", 101)}}, "ValidationException: "},
		"unknown version":   {sdk.LabelParameterVersionInput{Name: aws.String("/p"), ParameterVersion: aws.Int64(2), Labels: []string{"x"}}, "ParameterVersionNotFound: Systems Manager could not find version 2 of /p."},
		"unknown parameter": {sdk.LabelParameterVersionInput{Name: aws.String("/q"), Labels: []string{"x"}}, "ParameterNotFound: "},
	} {
		t.Run(name, func(t *testing.T) {
			wiretest.WantFailure(t, expect.Err(s.LabelParameterVersion(t.Context(), &tt.in)), tt.want)
		})
	}
}

func TestDelete(t *testing.T) {
	s := newStore(t)
	for _, name := range []string{"/p", "/p", "/q", "/r"} {
		s.put(t, name, "x")
	}
	expect.Value(s.DeleteParameter(t.Context(), &sdk.DeleteParameterInput{Name: aws.String("/p")}))(t)
	wiretest.WantFailure(t, expect.Err(s.DeleteParameter(t.Context(), &sdk.DeleteParameterInput{Name: aws.String("/p")})), "ParameterNotFound: ")
	expect.EqualIn(t, "made again, it has version", 1, s.put(t, "/p", "again"))
	got := expect.Value(s.DeleteParameters(t.Context(), &sdk.DeleteParametersInput{Names: []string{"/q", "/z", "/r"}}))(t)
	want := &sdk.DeleteParametersOutput{DeletedParameters: []string{"/q", "/r"}, InvalidParameters: []string{"/z"}}
	expect.Equal(t, want, got, sdkOnly)
	wiretest.WantFailure(t, expect.Err(s.DeleteParameters(t.Context(), &sdk.DeleteParametersInput{Names: make11()})), "ValidationException: ")
}

func TestTags(t *testing.T) {
	s := newStore(t)
	s.put(t, "/p", "x")
	tag := func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
	resource, kind := aws.String("/p"), types.ResourceTypeForTaggingParameter
	_, err := s.AddTagsToResource(t.Context(), &sdk.AddTagsToResourceInput{
		ResourceId: resource, ResourceType: kind, Tags: []types.Tag{tag("b", "1"), tag("a", "2"), tag("c", "3")},
	})
	wiretest.WantFailure(t, err, "")
	_, err = s.RemoveTagsFromResource(t.Context(), &sdk.RemoveTagsFromResourceInput{ResourceId: resource, ResourceType: kind, TagKeys: []string{"c", "d"}})
	wiretest.WantFailure(t, err, "")
	out := expect.Value(s.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceId: resource, ResourceType: kind}))(t)
	expect.Equal(t, []types.Tag{tag("a", "2"), tag("b", "1")}, out.TagList, sdkOnly)
	_, err = s.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceId: aws.String("/q"), ResourceType: kind})
	wiretest.WantFailure(t, err, "InvalidResourceId: ")
	_, err = s.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceId: resource, ResourceType: "Document"})
	wiretest.WantFailure(t, err, "InvalidResourceType: ")
	var many []types.Tag
	for i := range 49 {
		many = append(many, tag(fmt.Sprint(i), ""))
	}
	wiretest.WantFailure(t, expect.Err(s.AddTagsToResource(t.Context(), &sdk.AddTagsToResourceInput{ResourceId: resource, ResourceType: kind, Tags: many})), "TooManyTagsError: ")
}
