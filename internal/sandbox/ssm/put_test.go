package ssm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/ssm"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// sdkOnly leaves out what the SDK adds to answers.
var sdkOnly = cmp.Options{cmpopts.IgnoreTypes(middleware.Metadata{}), cmpopts.IgnoreUnexported(
	types.Parameter{}, types.ParameterHistory{}, types.ParameterMetadata{}, types.ParameterInlinePolicy{}, types.Tag{},
	sdk.LabelParameterVersionOutput{}, sdk.UnlabelParameterVersionOutput{}, sdk.DeleteParametersOutput{},
)}

func TestPutThenGet(t *testing.T) {
	s := newStore(t)
	s.put(t, "/containers/dev/api", "one")
	s.clock.Advance(90 * time.Second)
	expect.EqualIn(t, "the second version", 2, s.put(t, "/containers/dev/api", "two"))
	got := expect.Value(s.GetParameter(t.Context(), &sdk.GetParameterInput{Name: aws.String("/containers/dev/api")}))(t)
	want := &types.Parameter{
		ARN:              aws.String("arn:aws:ssm:eu-west-1:111111111111:parameter/containers/dev/api"),
		DataType:         aws.String("text"),
		LastModifiedDate: aws.Time(start.Add(90 * time.Second)),
		Name:             aws.String("/containers/dev/api"),
		Type:             types.ParameterTypeString,
		Value:            aws.String("two"),
		Version:          2,
	}
	expect.Equal(t, want, got.Parameter, sdkOnly)
}

func TestPutRules(t *testing.T) {
	const shape = `ValidationException: Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path`
	const reserved = `ValidationException: Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`
	levels := func(n int) string { return strings.Repeat("/l", n) }
	prefix := "arn:aws:ssm:" + wiretest.Region + ":" + wiretest.Account + ":parameter"
	tests := map[string]struct {
		edit func(*sdk.PutParameterInput)
		want string // "" for success
	}{
		"plain name":             {func(in *sdk.PutParameterInput) { in.Name = aws.String("plain_Name-1.x") }, ""},
		"spaces around the name": {func(in *sdk.PutParameterInput) { in.Name = aws.String("  /a/b ") }, ""},
		"space in the name":      {func(in *sdk.PutParameterInput) { in.Name = aws.String("/a b") }, shape},
		"forbidden sign":         {func(in *sdk.PutParameterInput) { in.Name = aws.String("/a/b@c") }, shape},
		"ARN":                    {func(in *sdk.PutParameterInput) { in.Name = aws.String(prefix + "/x") }, shape},
		"empty level":            {func(in *sdk.PutParameterInput) { in.Name = aws.String("/a//b") }, shape},
		"no leading slash": {func(in *sdk.PutParameterInput) { in.Name = aws.String("a/b") },
			"ValidationException: Parameter name must be a fully qualified name."},
		"trailing slash": {func(in *sdk.PutParameterInput) { in.Name = aws.String("/a/") },
			"ValidationException: Parameter name must not end with slash."},
		"reserved name":           {func(in *sdk.PutParameterInput) { in.Name = aws.String("SSM-thing") }, reserved},
		"reserved first level":    {func(in *sdk.PutParameterInput) { in.Name = aws.String("/ssm/x") }, reserved},
		"reserved word elsewhere": {func(in *sdk.PutParameterInput) { in.Name = aws.String("/x/aws/ssm") }, ""},
		"AWS's own hierarchy": {func(in *sdk.PutParameterInput) { in.Name = aws.String("/aws/x") },
			"AccessDeniedException: No access to reserved parameter name: /aws/x."},
		"fifteen levels": {func(in *sdk.PutParameterInput) { in.Name = aws.String(levels(15)) }, ""},
		"sixteen levels": {func(in *sdk.PutParameterInput) { in.Name = aws.String(levels(16)) },
			"HierarchyLevelLimitExceededException: "},
		"longest name": {func(in *sdk.PutParameterInput) {
			in.Name = aws.String("/" + strings.Repeat("n", 1011-len(prefix)-1))
		}, ""},
		"name too long": {func(in *sdk.PutParameterInput) {
			in.Name = aws.String("/" + strings.Repeat("n", 1011-len(prefix)))
		}, "ValidationException: "},
		"no value": {func(in *sdk.PutParameterInput) { in.Value = aws.String("") },
			"ValidationException: 1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater"},
		"nested value": {func(in *sdk.PutParameterInput) { in.Value = aws.String("x{{ssm:y}}") },
			`ValidationException: Parameter value can't nest another parameter. Do not use "{{}}" in the value.`},
		"single brackets": {func(in *sdk.PutParameterInput) { in.Value = aws.String(`{"a":{"b":1}}`) }, ""},
		"no type": {func(in *sdk.PutParameterInput) { in.Type = "" },
			"ValidationException: A parameter type is required when you create a parameter."},
		"unknown type": {func(in *sdk.PutParameterInput) { in.Type = "Number" },
			"ValidationException: 1 validation error detected: Value 'Number' at 'type' failed"},
		"longest description": {func(in *sdk.PutParameterInput) { in.Description = aws.String(strings.Repeat("é", 1024)) }, ""},
		"description too long": {func(in *sdk.PutParameterInput) { in.Description = aws.String(strings.Repeat("d", 1025)) },
			"ValidationException: 1 validation error detected: Value 'ddd"},
		"allowed pattern fits": {func(in *sdk.PutParameterInput) {
			in.AllowedPattern, in.Value = aws.String(`\d{1,4}`), aws.String("1234")
		}, ""},
		"allowed pattern breaks": {func(in *sdk.PutParameterInput) {
			in.AllowedPattern, in.Value = aws.String(`\d{1,4}`), aws.String("10,000")
		}, `ParameterPatternMismatchException: Parameter value, cannot be validated against allowedPattern: \d{1,4}`},
		"bad pattern":       {func(in *sdk.PutParameterInput) { in.AllowedPattern = aws.String("(") }, "InvalidAllowedPatternException: "},
		"unknown data type": {func(in *sdk.PutParameterInput) { in.DataType = aws.String("Text") }, "ValidationException: The following data type is not supported: Text"},
		"key on a String":   {func(in *sdk.PutParameterInput) { in.KeyId = aws.String("k") }, "ValidationException: KeyId is required for SecureString type parameter only."},
		"tags":              {func(in *sdk.PutParameterInput) { in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}} }, ""},
		"tags with overwrite": {func(in *sdk.PutParameterInput) {
			in.Tags, in.Overwrite = []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}, aws.Bool(true)
		}, "ValidationException: Invalid request: tags and overwrite can't be used together."},
		"policies on standard": {func(in *sdk.PutParameterInput) { in.Policies = aws.String(`[{"Type":"Expiration"}]`) }, "ValidationException: "},
		"unknown policy": {func(in *sdk.PutParameterInput) {
			in.Policies, in.Tier = aws.String(`[{"Type":"Party"}]`), types.ParameterTierAdvanced
		}, "InvalidPolicyTypeException: "},
		"policies are no list": {func(in *sdk.PutParameterInput) { in.Policies = aws.String(`{`) }, "InvalidPolicyAttributeException: "},
		"exists":               {func(in *sdk.PutParameterInput) { in.Name = aws.String("/exists") }, "ParameterAlreadyExists: The parameter already exists."},
		"type changes": {func(in *sdk.PutParameterInput) {
			in.Name, in.Type, in.Overwrite = aws.String("/exists"), types.ParameterTypeSecureString, aws.Bool(true)
		}, "HierarchyTypeMismatchException: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.put(t, "/exists", "x")
			in := &sdk.PutParameterInput{Name: aws.String("/new"), Value: aws.String("value"), Type: types.ParameterTypeString}
			tt.edit(in)
			wiretest.WantFailure(t, expect.Err(s.PutParameter(t.Context(), in)), tt.want)
		})
	}
}

func TestPutTiers(t *testing.T) {
	const standard, advanced, intelligent = types.ParameterTierStandard, types.ParameterTierAdvanced, types.ParameterTierIntelligentTiering
	type put struct {
		tier types.ParameterTier
		size int
		want string // a tier, or how the error begins
	}
	const tooBig = "ValidationException: Standard tier parameters support a maximum parameter value of 4096 characters."
	tests := map[string][]put{
		"standard to its limit":       {{standard, 4096, "Standard"}, {standard, 4097, tooBig}},
		"none is standard":            {{"", 4096, "Standard"}, {"", 4097, tooBig}},
		"advanced to its limit":       {{advanced, 8192, "Advanced"}, {advanced, 8193, "ValidationException: Advanced-tier parameters support a maximum parameter value of 8192"}},
		"upgrade has no way back":     {{standard, 1, "Standard"}, {advanced, 1, "Advanced"}, {standard, 1, "ValidationException: This parameter uses the advanced-parameter tier. You can't downgrade"}},
		"none stays advanced":         {{advanced, 1, "Advanced"}, {"", 5000, "Advanced"}},
		"intelligent by need":         {{intelligent, 4096, "Standard"}, {intelligent, 4097, "Advanced"}, {intelligent, 1, "Advanced"}},
		"intelligent has limits":      {{intelligent, 8193, "ValidationException: Advanced-tier"}},
		"unknown":                     {{"Gold", 1, "ValidationException: 1 validation error detected: Value 'Gold' at 'tier' failed"}},
		"a failed put leaves no tier": {{standard, 1, "Standard"}, {advanced, 9000, "ValidationException: "}, {standard, 1, "Standard"}},
	}
	for name, puts := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			for i, p := range puts {
				out, err := s.PutParameter(t.Context(), &sdk.PutParameterInput{
					Name: aws.String("/p"), Value: aws.String(strings.Repeat("v", p.size)), Type: types.ParameterTypeString,
					Tier: p.tier, Overwrite: aws.Bool(true),
				})
				got := wiretest.Failure(err)
				if err == nil {
					got = string(out.Tier)
				}
				if !strings.HasPrefix(got, p.want) {
					t.Errorf("put %d: got %q, want %q", i+1, got, p.want)
				}
			}
		})
	}
}

func TestHundredVersions(t *testing.T) {
	s := newStore(t)
	for i := range 101 {
		s.put(t, "/p", fmt.Sprint(i+1))
	}
	_, err := s.GetParameter(t.Context(), &sdk.GetParameterInput{Name: aws.String("/p:1")})
	wiretest.WantFailure(t, err, "ParameterVersionNotFound: Systems Manager could not find version 1 of /p. Verify the version and try again.")

	s.label(t, "/p", 2, "keep")
	wiretest.WantFailure(t, expect.Err(s.PutParameter(t.Context(), &sdk.PutParameterInput{Name: aws.String("/p"), Value: aws.String("x"), Overwrite: aws.Bool(true)})),
		"ParameterMaxVersionLimitExceeded: You attempted to create a new version of /p by calling the PutParameter API "+
			"with the overwrite flag. Version 2, the oldest version, can't be deleted because it has a label associated with it.")

	s.label(t, "/p", 101, "keep")
	expect.EqualIn(t, "the version after", 102, s.put(t, "/p", "x"))
}

func TestPutKeepsWhatIsLeftOut(t *testing.T) {
	s := newStore(t)
	_, err := s.PutParameter(t.Context(), &sdk.PutParameterInput{
		Name: aws.String("/p"), Value: aws.String("1"), Type: types.ParameterTypeString, Tier: types.ParameterTierAdvanced,
		Description: aws.String("first"), AllowedPattern: aws.String(`\d+`),
		Policies: aws.String(`[ {"Type":"NoChangeNotification", "Version":"1.0"} ]`),
	})
	wiretest.WantFailure(t, err, "")
	expect.Value(s.PutParameter(t.Context(), &sdk.PutParameterInput{Name: aws.String("/p"), Value: aws.String("2"), Overwrite: aws.Bool(true)}))(t)
	_, err = s.PutParameter(t.Context(), &sdk.PutParameterInput{
		Name: aws.String("/p"), Value: aws.String("3"), Overwrite: aws.Bool(true), Description: aws.String("third"), Policies: aws.String(""),
	})
	wiretest.WantFailure(t, err, "")

	got := expect.Value(s.GetParameterHistory(t.Context(), &sdk.GetParameterHistoryInput{Name: aws.String("/p")}))(t)
	row := func(version int64, description string, policies ...types.ParameterInlinePolicy) types.ParameterHistory {
		return types.ParameterHistory{
			Name: aws.String("/p"), Type: types.ParameterTypeString, Value: aws.String(fmt.Sprint(version)), Version: version,
			Description: &description, AllowedPattern: aws.String(`\d+`), DataType: aws.String("text"), Tier: types.ParameterTierAdvanced,
			LastModifiedDate: &start, LastModifiedUser: aws.String("arn:aws:iam::111111111111:user/tester"),
			Labels: []string{}, Policies: append([]types.ParameterInlinePolicy{}, policies...),
		}
	}
	notify := types.ParameterInlinePolicy{
		PolicyText: aws.String(`{"Type":"NoChangeNotification","Version":"1.0"}`),
		PolicyType: aws.String("NoChangeNotification"), PolicyStatus: aws.String("Pending"),
	}
	want := []types.ParameterHistory{row(1, "first", notify), row(2, "first", notify), row(3, "third")}
	expect.Equal(t, want, got.Parameters, sdkOnly)
}

// FuzzName puts a parameter of any name. Either AWS's rules refuse it, in an error of
// AWS's kind, or it can be read again by its name, its version and its ARN.
func FuzzName(f *testing.F) {
	for _, name := range []string{"plain", "/a/b", " /a ", "a/b", "/a//b", "/a/", "/", "", "/a:1", "/a:label", "arn:aws:ssm:r:a:parameter/x", "AWS", "/ssm/x", "é", "/a\nb"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s := ssm.New(clock.NewManual(start))
		invoke := func(operation string, in map[string]any) (map[string]any, error) {
			body, _ := json.Marshal(in)
			out, err := s.Service().Operations[operation](context.Background(), &wire.Request{
				Caller: wire.Caller{Scope: wire.Scope{Account: "111111111111", Region: "eu-west-1"}}, JSON: body,
			})
			var e *wire.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("%s of %q: not AWS's kind of error: %v", operation, name, err)
			}
			data, _ := json.Marshal(out)
			var answer struct{ Parameter map[string]any }
			_ = json.Unmarshal(data, &answer)
			return answer.Parameter, err
		}
		if _, err := invoke("GetParameter", map[string]any{"Name": name}); err == nil {
			t.Fatalf("%q is there before it was put", name)
		}
		if _, err := invoke("PutParameter", map[string]any{"Name": name, "Value": "v", "Type": "String"}); err != nil {
			return
		}
		p, err := invoke("GetParameter", map[string]any{"Name": name})
		if err != nil || p["Name"] != strings.TrimSpace(name) {
			t.Fatalf("%q was put and reads as %v, %v", name, p, err)
		}
		for _, other := range []string{p["Name"].(string) + ":1", p["ARN"].(string), p["ARN"].(string) + ":1"} {
			if _, err := invoke("GetParameter", map[string]any{"Name": other}); err != nil {
				t.Errorf("%q: %v", other, err)
			}
		}
	})
}
