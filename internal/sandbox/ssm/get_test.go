package ssm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

func TestGetBySelector(t *testing.T) {
	s := newStore(t)
	s.put(t, "plain", "p")
	s.put(t, "/a/b", "one")
	s.put(t, "/a/b", "two")
	s.put(t, "/a/b", "three")
	s.label(t, "/a/b", 2, "good")
	const arn = "arn:aws:ssm:eu-west-1:111111111111:parameter/"
	tests := map[string]string{ // name → selector=value, or the error
		"/a/b":        "=three",
		" /a/b ":      "=three",
		"/a/b:1":      ":1=one",
		"/a/b:3":      ":3=three",
		"/a/b:good":   ":good=two",
		"/a/b:4":      "ParameterVersionNotFound: Systems Manager could not find version 4 of /a/b. Verify the version and try again.",
		"/a/b:bad":    "ParameterVersionNotFound: ",
		"/a/b:":       "ValidationException: ",
		"/a/b:1:2":    "ValidationException: ",
		"/a/c":        "ParameterNotFound: ",
		"/A/b":        "ParameterNotFound: ",
		"/a":          "ParameterNotFound: ",
		"a/b":         "ValidationException: Parameter name must be a fully qualified name.",
		"/aws/x":      "ParameterNotFound: ",
		"":            "ValidationException: 1 validation error detected: Value '' at 'name' failed",
		arn + "a/b":   "=three",
		arn + "plain": "=p",
		arn + "a/b:2": ":2=two",
		strings.Replace(arn, "1111", "2222", 1) + "a/b":     "ParameterNotFound: ",
		strings.Replace(arn, "west-1", "west-2", 1) + "a/b": "ParameterNotFound: ",
		"arn:aws:s3:::bucket":                               "ValidationException: Invalid parameter ARN: arn:aws:s3:::bucket",
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := s.GetParameter(t.Context(), &sdk.GetParameterInput{Name: &name})
			got := wiretest.Failure(err)
			if err == nil {
				got = aws.ToString(out.Parameter.Selector) + "=" + *out.Parameter.Value
			}
			if !strings.HasPrefix(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			exists := s.service.Exists(wire.Scope{Account: wiretest.Account, Region: wiretest.Region}, name)
			expect.EqualIn(t, "Exists says", err == nil, exists)
		})
	}
}

func TestARNOfOneLevel(t *testing.T) {
	s := newStore(t)
	s.put(t, "/x", "with slash")
	name := "arn:aws:ssm:eu-west-1:111111111111:parameter/x"
	out, err := s.GetParameter(t.Context(), &sdk.GetParameterInput{Name: &name})
	if err != nil || *out.Parameter.Name != "/x" {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestGetParameters(t *testing.T) {
	s := newStore(t)
	s.put(t, "/a", "1")
	s.put(t, "/a", "2")
	s.put(t, "/b", "3")
	out := expect.Value(s.GetParameters(t.Context(), &sdk.GetParametersInput{Names: []string{"/a:1", "/b", "/c", "/a:9", "/b:label"}}))(t)
	expect.Equal(t, map[string]string{"/a": "1", "/b": "3"}, values(out.Parameters))
	expect.Equal(t, []string{"/c", "/a:9", "/b:label"}, out.InvalidParameters)

	_, err := s.GetParameters(t.Context(), &sdk.GetParametersInput{Names: make11()})
	wiretest.WantFailure(t, err, "ValidationException: 1 validation error detected: Value '[/n0, /n1,")
	_, err = s.GetParameters(t.Context(), &sdk.GetParametersInput{Names: []string{}})
	wiretest.WantFailure(t, err, "ValidationException: 1 validation error detected: Value '[]' at 'names'")
	_, err = s.GetParameters(t.Context(), &sdk.GetParametersInput{Names: []string{"/a", "b c"}})
	wiretest.WantFailure(t, err, "ValidationException: Parameter name: can't be prefixed")
}

func make11() []string {
	names := make([]string, 11)
	for i := range names {
		names[i] = fmt.Sprintf("/n%d", i)
	}
	return names
}

func TestSecureString(t *testing.T) {
	s := newStore(t)
	name, secret := "/secret", "hunter2"
	put := func() {
		_, err := s.PutParameter(t.Context(), &sdk.PutParameterInput{
			Name: &name, Value: &secret, Type: types.ParameterTypeSecureString, Overwrite: aws.Bool(true),
		})
		wiretest.WantFailure(t, err, "")
	}
	get := func(decrypt bool) string {
		out := expect.Value(s.GetParameter(t.Context(), &sdk.GetParameterInput{Name: &name, WithDecryption: &decrypt}))(t)
		return *out.Parameter.Value
	}
	put()
	sealed := get(false)
	if strings.Contains(sealed, secret) || len(sealed) < 100 {
		t.Errorf("without decryption: %q", sealed)
	}
	expect.EqualIn(t, "the same version looks different every time", sealed, get(false))
	expect.EqualIn(t, "with decryption", secret, get(true))
	put()
	if get(false) == sealed {
		t.Error("the same value written again looks the same")
	}
	history := expect.Value(s.GetParameterHistory(t.Context(), &sdk.GetParameterHistoryInput{Name: &name}))(t)
	if v := history.Parameters[0]; *v.Value != sealed || *v.KeyId != "alias/aws/ssm" {
		t.Errorf("history: %q by %q", *v.Value, *v.KeyId)
	}
}

func TestScopesAreApart(t *testing.T) {
	s := newStore(t)
	s.put(t, "/p", "here")
	for _, other := range []*sdk.Client{
		newClient(s.url, "222222222222", wiretest.Region),
		newClient(s.url, wiretest.Account, "us-east-1"),
	} {
		wiretest.WantFailure(t, expect.Err(other.GetParameter(t.Context(), &sdk.GetParameterInput{Name: aws.String("/p")})), "ParameterNotFound: ")
	}
}

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
