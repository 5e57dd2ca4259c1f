package ssm_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

func filters(key, option string, values ...string) []types.ParameterStringFilter {
	f := types.ParameterStringFilter{Key: &key, Values: values}
	if option != "" {
		f.Option = &option
	}
	return []types.ParameterStringFilter{f}
}

// pathPages follows NextToken and returns the names of each page.
func pathPages(t *testing.T, s store, in *sdk.GetParametersByPathInput) (pages [][]string, err error) {
	t.Helper()
	for {
		out, err := s.GetParametersByPath(t.Context(), in)
		if err != nil {
			return nil, err
		}
		names := []string{}
		for _, p := range out.Parameters {
			names = append(names, fmt.Sprintf("%s=%s", *p.Name, *p.Value))
		}
		pages = append(pages, names)
		if out.NextToken == nil {
			return pages, nil
		}
		in.NextToken = out.NextToken
	}
}

func tree(t *testing.T) store {
	s := newStore(t)
	for _, name := range []string{"/c/dev/api", "/c/dev/web", "/c/dev/x/deep", "/c/prod/api", "/cx/dev/api", "plain"} {
		s.put(t, name, "1")
	}
	s.put(t, "/c/dev/web", "2")
	s.label(t, "/c/dev/web", 1, "old")
	_, err := s.PutParameter(t.Context(), &sdk.PutParameterInput{
		Name: aws.String("/c/dev/zlist"), Value: aws.String("a,b"), Type: types.ParameterTypeStringList,
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("boat")}}, Tier: types.ParameterTierAdvanced,
	})
	wiretest.WantFailure(t, err, "")
	return s
}

func TestGetParametersByPath(t *testing.T) {
	s := tree(t)
	type input = sdk.GetParametersByPathInput
	tests := map[string]struct {
		in      input
		want    [][]string
		wantErr string
	}{
		"one level":      {in: input{Path: aws.String("/c/dev")}, want: [][]string{{"/c/dev/api=1", "/c/dev/web=2", "/c/dev/zlist=a,b"}}},
		"trailing slash": {in: input{Path: aws.String("/c/prod/")}, want: [][]string{{"/c/prod/api=1"}}},
		"recursive": {in: input{Path: aws.String("/c"), Recursive: aws.Bool(true)},
			want: [][]string{{"/c/dev/api=1", "/c/dev/web=2", "/c/dev/x/deep=1", "/c/dev/zlist=a,b", "/c/prod/api=1"}}},
		"root":               {in: input{Path: aws.String("/")}, want: [][]string{{"plain=1"}}},
		"nothing":            {in: input{Path: aws.String("/none")}, want: [][]string{{}}},
		"a parameter's name": {in: input{Path: aws.String("/c/dev/api")}, want: [][]string{{}}},
		"by type":            {in: input{Path: aws.String("/c/dev"), ParameterFilters: filters("Type", "", "StringList")}, want: [][]string{{"/c/dev/zlist=a,b"}}},
		"by beginning":       {in: input{Path: aws.String("/c/dev"), ParameterFilters: filters("Type", "BeginsWith", "StringL")}, want: [][]string{{"/c/dev/zlist=a,b"}}},
		"by label":           {in: input{Path: aws.String("/c/dev"), ParameterFilters: filters("Label", "Equals", "old")}, want: [][]string{{"/c/dev/web=1"}}},
		"empty and short pages": {
			in:   input{Path: aws.String("/c/dev"), ParameterFilters: filters("Type", "", "StringList"), MaxResults: aws.Int32(1)},
			want: [][]string{{}, {}, {}, {"/c/dev/zlist=a,b"}},
		},
		"what lies deeper counts": {
			in:   input{Path: aws.String("/c/dev"), MaxResults: aws.Int32(3)},
			want: [][]string{{"/c/dev/api=1", "/c/dev/web=2"}, {"/c/dev/zlist=a,b"}},
		},
		"no slash":     {in: input{Path: aws.String("c/dev")}, wantErr: "ValidationException: The parameter doesn't meet the parameter name requirements."},
		"bad path":     {in: input{Path: aws.String("/c d")}, wantErr: "ValidationException: The parameter doesn't meet"},
		"page of none": {in: input{Path: aws.String("/c"), MaxResults: aws.Int32(0)}, wantErr: "ValidationException: 1 validation error detected: Value '0' at 'maxResults' failed"},
		"page too big": {in: input{Path: aws.String("/c"), MaxResults: aws.Int32(11)}, wantErr: "ValidationException: 1 validation error detected: Value '11' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 10"},
		"bad token":    {in: input{Path: aws.String("/c"), NextToken: aws.String("made-up")}, wantErr: "InvalidNextToken: "},
		"unknown key":  {in: input{Path: aws.String("/c"), ParameterFilters: filters("Colour", "", "x")}, wantErr: "ValidationException: 1 validation error detected: Value 'Colour' at 'parameterFilters.1.member.key'"},
		"other operation's key": {in: input{Path: aws.String("/c"), ParameterFilters: filters("Name", "", "x")},
			wantErr: "InvalidFilterKey: "},
		"label by beginning": {in: input{Path: aws.String("/c"), ParameterFilters: filters("Label", "BeginsWith", "x")}, wantErr: "InvalidFilterOption: "},
		"no values":          {in: input{Path: aws.String("/c"), ParameterFilters: filters("Type", "")}, wantErr: "InvalidFilterValue: "},
		"key twice": {in: input{Path: aws.String("/c"), ParameterFilters: append(filters("Type", "", "x"), filters("Type", "", "y")...)},
			wantErr: "InvalidFilterKey: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := pathPages(t, s, &tt.in)
			wiretest.WantFailure(t, err, tt.wantErr)
			expect.Equal(t, tt.want, got)
		})
	}
}

func TestDescribeParameters(t *testing.T) {
	s := tree(t)
	tests := map[string]struct {
		filters []types.ParameterStringFilter
		want    string // names, or the error
	}{
		"all":               {nil, "/c/dev/api /c/dev/web /c/dev/x/deep /c/dev/zlist /c/prod/api /cx/dev/api plain"},
		"name":              {filters("Name", "", "/c/dev/api", "plain"), "/c/dev/api plain"},
		"name begins":       {filters("Name", "BeginsWith", "/c/p", "/cx"), "/c/prod/api /cx/dev/api"},
		"name contains":     {filters("Name", "Contains", "api"), "/c/dev/api /c/prod/api /cx/dev/api"},
		"path":              {filters("Path", "", "/c/dev"), "/c/dev/api /c/dev/web /c/dev/zlist"},
		"path recursive":    {filters("Path", "Recursive", "/c/"), "/c/dev/api /c/dev/web /c/dev/x/deep /c/dev/zlist /c/prod/api"},
		"two filters":       {append(filters("Path", "Recursive", "/c"), filters("Type", "", "StringList")...), "/c/dev/zlist"},
		"tier":              {filters("Tier", "", "Advanced"), "/c/dev/zlist"},
		"data type":         {filters("DataType", "", "aws:ec2:image"), ""},
		"tag":               {filters("tag:team", "", "boat", "ship"), "/c/dev/zlist"},
		"tag of any value":  {filters("tag:team", ""), "/c/dev/zlist"},
		"tag of none":       {filters("tag:teams", ""), ""},
		"label":             {filters("Label", "", "old"), "InvalidFilterKey: "},
		"path equals":       {filters("Path", "Equals", "/c"), "InvalidFilterOption: "},
		"path is no path":   {filters("Path", "", "c"), "ValidationException: The parameter doesn't meet"},
		"type recursive":    {filters("Type", "Recursive", "String"), "InvalidFilterOption: "},
		"name is not given": {filters("Name", ""), "InvalidFilterValue: The following filter values are missing"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := s.Client.DescribeParameters(t.Context(), &sdk.DescribeParametersInput{ParameterFilters: tt.filters})
			got := wiretest.Failure(err)
			if err == nil {
				names := []string{}
				for _, p := range out.Parameters {
					names = append(names, *p.Name)
				}
				got = strings.Join(names, " ")
			}
			if got != tt.want && !(err != nil && strings.HasPrefix(got, tt.want) && tt.want != "") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDescribedMember(t *testing.T) {
	s := tree(t)
	out := expect.Value(s.Client.DescribeParameters(t.Context(), &sdk.DescribeParametersInput{ParameterFilters: filters("Name", "", "/c/dev/web")}))(t)
	want := []types.ParameterMetadata{{
		Name: aws.String("/c/dev/web"), ARN: aws.String("arn:aws:ssm:eu-west-1:111111111111:parameter/c/dev/web"),
		Type: types.ParameterTypeString, Version: 2, Tier: types.ParameterTierStandard, DataType: aws.String("text"),
		LastModifiedDate: &start, LastModifiedUser: aws.String("arn:aws:iam::111111111111:user/tester"),
		Policies: []types.ParameterInlinePolicy{},
	}}
	expect.Equal(t, want, out.Parameters, sdkOnly)
}

func TestHistoryPages(t *testing.T) {
	s := newStore(t)
	for i := range 5 {
		s.put(t, "/p", fmt.Sprint(i+1))
	}
	s.label(t, "/p", 4, "b", "a")
	in := &sdk.GetParameterHistoryInput{Name: aws.String("/p"), MaxResults: aws.Int32(2)}
	var got []string
	for pages := sdk.NewGetParameterHistoryPaginator(s.Client, in); pages.HasMorePages(); {
		page := expect.Value(pages.NextPage(t.Context()))(t)
		for _, v := range page.Parameters {
			got = append(got, fmt.Sprintf("%d=%s %v", v.Version, *v.Value, v.Labels))
		}
		got = append(got, "-")
	}
	want := []string{"1=1 []", "2=2 []", "-", "3=3 []", "4=4 [b a]", "-", "5=5 []", "-"}
	expect.Equal(t, want, got)
	for name, tt := range map[string]struct {
		in   sdk.GetParameterHistoryInput
		want string
	}{
		"unknown":   {sdk.GetParameterHistoryInput{Name: aws.String("/q")}, "ParameterNotFound: "},
		"too many":  {sdk.GetParameterHistoryInput{Name: aws.String("/p"), MaxResults: aws.Int32(51)}, "ValidationException: "},
		"bad token": {sdk.GetParameterHistoryInput{Name: aws.String("/p"), NextToken: aws.String("x")}, "InvalidNextToken: "},
	} {
		t.Run(name, func(t *testing.T) {
			wiretest.WantFailure(t, expect.Err(s.GetParameterHistory(t.Context(), &tt.in)), tt.want)
		})
	}
}

func TestSaveAndLoad(t *testing.T) {
	from, to := tree(t), newStore(t)
	state := expect.Value(from.service.Save())(t)
	data := expect.Value(json.Marshal(state))(t)
	to.put(t, "/gone", "x")
	expect.OK(t, to.service.Load(data))
	all := func(s store) []types.ParameterHistory {
		var rows []types.ParameterHistory
		for _, name := range []string{"/c/dev/web", "/c/dev/zlist", "plain"} {
			out := expect.Value(s.GetParameterHistory(t.Context(), &sdk.GetParameterHistoryInput{Name: &name}))(t)
			rows = append(rows, out.Parameters...)
		}
		return rows
	}
	expect.Equal(t, all(from), all(to), sdkOnly)
	wiretest.WantFailure(t, expect.Err(to.GetParameter(t.Context(), &sdk.GetParameterInput{Name: aws.String("/gone")})), "ParameterNotFound: ")
	expect.EqualIn(t, "the next version", 3, to.put(t, "/c/dev/web", "3"))
}

func TestLoadRefusesRubbish(t *testing.T) {
	s := newStore(t)
	s.put(t, "/p", "x")
	for _, data := range []string{`{`, `{}`, `[{"Parameters":{"/p":null}}]`, `[{"Parameters":{"/p":{"Versions":[]}}}]`} {
		if err := s.service.Load(json.RawMessage(data)); err == nil {
			t.Errorf("loaded %s", data)
		}
	}
	if _, err := s.GetParameter(t.Context(), &sdk.GetParameterInput{Name: aws.String("/p")}); err != nil {
		t.Errorf("what was there is gone: %v", err)
	}
}

// Writers at the same time each get a version of their own, which is all that
// Parameter Store promises them.
func TestConcurrentWriters(t *testing.T) {
	s := newStore(t)
	const writers = 20
	versions := make([]int64, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { versions[i] = s.put(t, "/p", fmt.Sprint(i)) })
	}
	wg.Wait()
	history := expect.Value(s.GetParameterHistory(t.Context(), &sdk.GetParameterHistoryInput{Name: aws.String("/p")}))(t)
	for i, v := range versions {
		if got := *history.Parameters[v-1].Value; got != fmt.Sprint(i) {
			t.Errorf("writer %d was told version %d, which holds %q", i, v, got)
		}
	}
}
