package template_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// env is what a template is evaluated against: every resource is called after itself.
func env(t *template.Template, values map[string]string) *template.Env {
	return &template.Env{
		Template: t, Values: values,
		Pseudo: map[string]string{"AWS::Region": "eu-west-1", "AWS::StackName": "s", "AWS::AccountId": "012345678901"},
		Ref:    func(logical string) (any, error) { return "ref-" + logical, nil },
		GetAtt: func(logical, attribute string) (any, error) { return logical + "!" + attribute, nil },
		Import: func(name string) (string, error) { return "import-" + name, nil },
	}
}

// head declares what the cases of TestFunctions use.
const head = `
Parameters:
  Name: {Type: String, Default: web}
  Subnets: {Type: CommaDelimitedList, Default: "a, b"}
  Number: {Type: Number, Default: 1}
Mappings:
  Sizes: {eu-west-1: {cpu: 256, zones: [x, y]}}
Conditions:
  IsWeb: !Equals [!Ref Name, web]
  IsOne: {"Fn::Equals": [{Ref: Number}, "1"]}
  Both: !And [!Condition IsWeb, {Condition: IsOne}]
  Neither: !Not [!Or [{Condition: IsWeb}, !Equals [a, a]]]
Resources:
  Other: {Type: "AWS::SNS::Topic"}
  R:
    Type: AWS::X1::Yy
    Properties:
      P: `

func TestFunctions(t *testing.T) {
	for name, tt := range map[string]struct{ value, want string }{
		"a reference":                     {`!Ref Other`, `"ref-Other"`},
		"a parameter":                     {`!Ref Name`, `"web"`},
		"a list":                          {`!Ref Subnets`, `["a","b"]`},
		"a pseudo parameter":              {`!Ref "AWS::AccountId"`, `"012345678901"`},
		"an attribute":                    {`!GetAtt Other.Arn.More`, `"Other!Arn.More"`},
		"an attribute as a list":          {`!GetAtt [Other, Arn]`, `"Other!Arn"`},
		"an attribute in the long form":   {`{"Fn::GetAtt": [Other, !Sub "${Name}"]}`, `"Other!web"`},
		"a text with variables":           {`!Sub "${Name}-${Other}-${Other.Arn}-${AWS::Region}-${!Name}"`, `"web-ref-Other-Other!Arn-eu-west-1-${Name}"`},
		"a text with its own variables":   {`!Sub ["${A}${Name}", {A: !Select [1, !Ref Subnets]}]`, `"bweb"`},
		"joined":                          {`!Join [":", [a, !Ref Name, 7]]`, `"a:web:7"`},
		"split":                           {`!Split ["/", a/b/c]`, `["a","b","c"]`},
		"selected":                        {`!Select ["2", !Split ["/", a/b/c]]`, `"c"`},
		"a mapping":                       {`!FindInMap [Sizes, !Ref "AWS::Region", cpu]`, `"256"`},
		"a list of a mapping":             {`{"Fn::FindInMap": [Sizes, eu-west-1, zones]}`, `["x","y"]`},
		"base 64":                         {`{"Fn::Base64": !Ref Name}`, `"d2Vi"`},
		"an import":                       {`!ImportValue "net-vpc"`, `"import-net-vpc"`},
		"an import of a joined name":      {`{"Fn::ImportValue": !Sub "${Name}-vpc"}`, `"import-web-vpc"`},
		"zones":                           {`!Select [0, !GetAZs ""]`, `"eu-west-1a"`},
		"a condition that holds":          {`!If [Both, yes, no]`, `"true"`},
		"one that does not":               {`!If [Neither, "yes", "no"]`, `"no"`},
		"no value in a map":               {`{A: !Ref "AWS::NoValue", B: 1}`, `{"B":"1"}`},
		"no value in a list":              {`[!If [IsWeb, !Ref "AWS::NoValue", a], b]`, `["b"]`},
		"numbers and booleans":            {`[1, 1.50, true, 012, "x"]`, `["1","1.50","true","012","x"]`},
		"a key that looks like a call":    {`{Ref: Name, Other: 1}`, `{"Other":"1","Ref":"Name"}`},
		"a policy's condition is no call": {`{Condition: {StringEquals: {a: b}}}`, `{"Condition":{"StringEquals":{"a":"b"}}}`},
		"text over lines":                 {"|\n        a\n        b\n", `"a\nb\n"`},
		"a dynamic reference stays":       {`"{{resolve:ssm:/a}}"`, `"{{resolve:ssm:/a}}"`},
	} {
		t.Run(name, func(t *testing.T) {
			parsed := expect.Value(template.Parse(head + tt.value))(t)
			values := expect.Value(parsed.Values(nil, nil))(t)
			got := expect.Value(env(parsed, values).Properties(parsed.Resources["R"]))(t)
			expect.Equal(t, tt.want, string(expect.Value(json.Marshal(got["P"]))(t)))
		})
	}
}

// TestRefused holds what is wrong with a template to AWS's words.
func TestRefused(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"nothing":                     {"", "Template format error: unsupported structure."},
		"a list":                      {"[a]", "Template format error: unsupported structure."},
		"YAML that is none":           {"Resources: [", "Template format error: YAML not well-formed."},
		"JSON that is none":           {"{\n \"Resources\": x}", "Template format error: JSON not well-formed. (line 2, column"},
		"no resource":                 {"Resources: {}", "Template format error: At least one Resources member must be defined."},
		"an unknown section":          {"Rseources: {}", "Invalid template property or properties [Rseources]"},
		"a transform":                 {"Transform: AWS::Serverless-2016-10-31\nResources: {}", "Template format error: the sandbox does not have the section Transform"},
		"another version":             {"AWSTemplateFormatVersion: \"2011\"\nResources: {}", "Template format error: Unsupported AWSTemplateFormatVersion 2011"},
		"no type":                     {"Resources: {A: {Properties: {}}}", "Template format error: [/Resources/A] Every Resources object must contain a Type member."},
		"a name with a dash":          {"Resources: {a-b: {Type: AWS::SQS::Queue}}", "Template format error: Resource name a-b is non alphanumeric."},
		"an unknown attribute":        {"Resources: {A: {Type: AWS::SQS::Queue, Props: {}}}", "Invalid template resource property 'Props'"},
		"a creation policy":           {"Resources: {A: {Type: AWS::SQS::Queue, CreationPolicy: {}}}", "Template format error: the sandbox does not have the attribute CreationPolicy of resource A"},
		"a snapshot":                  {"Resources: {A: {Type: AWS::RDS::DBInstance, DeletionPolicy: Snapshot}}", "Template format error: Unrecognized DeletionPolicy Snapshot"},
		"null":                        {"Resources: {A: {Type: AWS::SQS::Queue, Properties: {Name: }}}", "Template format error: [/Resources/A/Properties/Name] 'null' values are not allowed in templates"},
		"a resource that is not":      {"Resources: {A: {Type: AWS::SQS::Queue, Properties: {N: !Ref B}}}", "Template format error: Unresolved resource dependencies [B] in the Resources block of the template"},
		"one in a text":               {"Resources: {A: {Type: AWS::SQS::Queue, Properties: {N: !Sub \"${B}\"}}}", "Template format error: Unresolved resource dependencies [B] in the Resources block of the template"},
		"one in an output":            {"Resources: {A: {Type: AWS::SQS::Queue}}\nOutputs: {O: {Value: !Ref B}}", "Template format error: Unresolved resource dependencies [B] in the Outputs block of the template"},
		"one that is depended on":     {"Resources: {A: {Type: AWS::SQS::Queue, DependsOn: B}}", "Template format error: Unresolved resource dependencies [B] in the Resources block of the template"},
		"an attribute of none":        {"Resources: {A: {Type: AWS::SQS::Queue, Properties: {N: !GetAtt B.Arn}}}", "Template error: instance of Fn::GetAtt references undefined resource B"},
		"a condition that is not":     {"Resources: {A: {Type: AWS::SQS::Queue, Condition: C}}", "Template format error: Unresolved condition dependency C in the Resources block of the template"},
		"a resource in a condition":   {"Conditions: {C: !Equals [!Ref A, a]}\nResources: {A: {Type: AWS::SQS::Queue}}", "Template format error: Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the template"},
		"a circle":                    {"Resources: {A: {Type: AWS::SQS::Queue, DependsOn: B}, B: {Type: AWS::SQS::Queue, Properties: {N: !Ref A}}}", "Circular dependency between resources: [A, B]"},
		"an unknown function":         {"Resources: {A: {Type: AWS::SQS::Queue, Properties: {N: {\"Fn::Cidr\": []}}}}", "Template format error: Encountered unsupported function: Fn::Cidr Supported functions are: [Fn::Base64, "},
		"its short form":              {"Resources: {A: {Type: AWS::SQS::Queue, Properties: {N: !Transform {}}}}", "Template format error: Encountered unsupported function: Fn::Transform Supported functions are: ["},
		"an alias":                    {"Resources: {A: &a {Type: AWS::SQS::Queue}, B: *a}", "Template format error: YAML aliases are not allowed in CloudFormation templates"},
		"an output without a value":   {"Resources: {A: {Type: AWS::SQS::Queue}}\nOutputs: {O: {Description: x}}", "Template format error: [/Outputs/O] Every Outputs member must contain a Value object"},
		"a parameter's type":          {"Parameters: {P: {Type: Text}}\nResources: {A: {Type: AWS::SQS::Queue}}", "Template format error: Unrecognized parameter type: Text"},
		"a default that is forbidden": {"Parameters: {P: {Type: String, Default: c, AllowedValues: [a, b]}}\nResources: {A: {Type: AWS::SQS::Queue}}", "Parameter 'P' must be one of AllowedValues"},
		"too long":                    {"Resources: {A: {Type: AWS::SQS::Queue}}\n#" + strings.Repeat("x", 51200), "1 validation error detected: Value '"},
		"too deep":                    {"Resources: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "Template format error: the template is nested too deeply"},
	} {
		t.Run(name, func(t *testing.T) {
			wiretest.WantFailure(t, expect.Err(template.Parse(tt.body)), "ValidationError: "+tt.want)
		})
	}
}

// TestEvaluationFails holds what is wrong with a call of a function.
func TestEvaluationFails(t *testing.T) {
	for value, want := range map[string]string{
		`!Join [a]`:                  "Template error: every Fn::Join object requires two parameters",
		`!Join [a, [[b]]]`:           "Template error: every Fn::Join object requires two parameters",
		`!Split [a, [b]]`:            "Template error: every Fn::Split object requires two parameters",
		`!Select [3, [a]]`:           "Template error: Fn::Select cannot select nonexistent value at index 3",
		`!Select [x, [a]]`:           "Template error: Fn::Select requires a list argument",
		`!FindInMap [None, a, b]`:    "Template error: Mapping named 'None' is not present",
		`!FindInMap [Sizes, a, cpu]`: "Template error: Unable to get mapping for Sizes::a::cpu",
		`!Sub [a]`:                   "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments.",
		`!Sub "${Subnets}"`:          "Template error: variable Subnets in Fn::Sub expression does not resolve to a string",
		`!If [None, a, b]`:           "Template format error: Unresolved condition dependency None",
		`!If [IsWeb, a]`:             "Template error: Fn::If requires a list argument with three elements",
		`{"Fn::GetAtt": x}`:          "Template error: every Fn::GetAtt object requires two non-empty parameters",
	} {
		t.Run(value, func(t *testing.T) {
			parsed, err := template.Parse(head + value)
			if err == nil {
				values := expect.Value(parsed.Values(nil, nil))(t)
				_, err = env(parsed, values).Properties(parsed.Resources["R"])
			}
			wiretest.WantFailure(t, err, "ValidationError: "+want)
		})
	}
	circle := expect.Value(template.Parse("Conditions: {A: !Not [{Condition: B}], B: !Not [{Condition: A}]}\nResources: {R: {Type: AWS::SQS::Queue, Condition: A}}"))(t)
	_, err := env(circle, nil).Condition("A")
	wiretest.WantFailure(t, err, "ValidationError: Template format error: Found circular condition dependency between conditions: [A, B]")
}

// TestParameters holds what is wrong with the values that a request gives.
func TestParameters(t *testing.T) {
	const body = `
Parameters:
  Plain: {Type: String}
  Named: {Type: String, Default: abc, AllowedPattern: "[a-z]+", MinLength: 2, MaxLength: "4"}
  Said: {Type: String, Default: a, AllowedPattern: "[a-z]", ConstraintDescription: one small letter}
  Size: {Type: Number, Default: 5, MinValue: 2, MaxValue: 9}
  Sizes: {Type: List<Number>, Default: "1,2"}
  Pin: {Type: AWS::SSM::Parameter::Value<String>, Default: /a, AllowedValues: [/a, /b]}
Resources: {A: {Type: AWS::SQS::Queue}}
`
	parsed := expect.Value(template.Parse(body))(t)
	set := func(key, value string) []template.Given {
		plain := "x"
		all := []template.Given{{Key: "Plain", Value: &plain}}
		if key != "Plain" {
			all = append(all, template.Given{Key: key, Value: &value})
		}
		return all
	}
	x := "x"
	for name, tt := range map[string]struct {
		given []template.Given
		want  string
	}{
		"one that is not":      {set("Other", "x"), "Parameters: [Other] do not exist in the template"},
		"one without a value":  {nil, "Parameters: [Plain] must have values"},
		"a pattern":            {set("Named", "AB"), "Parameter 'Named' must match pattern [a-z]+"},
		"a description":        {set("Said", "AB"), "Parameter 'Said' failed to satisfy constraint: one small letter"},
		"too short":            {set("Named", "a"), "Parameter 'Named' must contain at least 2 characters"},
		"too long":             {set("Named", "abcde"), "Parameter 'Named' must contain at most 4 characters"},
		"no number":            {set("Size", "x"), "Parameter 'Size' must be a number."},
		"too small":            {set("Size", "1"), "Parameter 'Size' must be a number not less than 2"},
		"too large":            {set("Size", "10"), "Parameter 'Size' must be a number not greater than 9"},
		"no number in a list":  {set("Sizes", "1, x"), "Parameter 'Sizes' must be a number."},
		"a name in the store":  {set("Pin", "/c"), "Parameter 'Pin' must be one of AllowedValues"},
		"the latest in itself": {set("Said", "{{resolve:ssm:/a}}"), "Parameter 'Said' failed"},
		"no previous value":    {[]template.Given{{Key: "Plain", Previous: true}}, "Invalid input for parameter key Plain. Cannot specify usePreviousValue as true for a parameter key not in the previous template"},
		"both":                 {[]template.Given{{Key: "Plain", Previous: true, Value: &x}}, "Invalid input for parameter key Plain. Either specify usePreviousValue as true or specify a value for the parameter"},
	} {
		t.Run(name, func(t *testing.T) {
			wiretest.WantFailure(t, expect.Err(parsed.Values(tt.given, nil)), "ValidationError: "+tt.want)
		})
	}
	got := expect.Value(parsed.Values([]template.Given{{Key: "Plain", Previous: true}, {Key: "Size", Value: &[]string{"7"}[0]}}, map[string]string{"Plain": "before", "Size": "3"}))(t)
	expect.Equal(t, map[string]string{"Plain": "before", "Named": "abc", "Said": "a", "Size": "7", "Sizes": "1,2", "Pin": "/a"}, got)
}

func TestCapabilities(t *testing.T) {
	for body, want := range map[string]string{
		"Resources: {A: {Type: AWS::SQS::Queue}}":                                           " ",
		"Resources: {A: {Type: AWS::IAM::Role, Properties: {}}}":                            "CAPABILITY_IAM The following resource(s) require capabilities: [AWS::IAM::Role]",
		"Resources: {A: {Type: AWS::IAM::Role, Properties: {RoleName: r}}}":                 "CAPABILITY_NAMED_IAM The following resource(s) require capabilities: [AWS::IAM::Role]",
		"Resources: {A: {Type: AWS::IAM::Policy, Properties: {PolicyName: p, Roles: [r]}}}": "CAPABILITY_IAM The following resource(s) require capabilities: [AWS::IAM::Policy]",
	} {
		capabilities, reason := expect.Value(template.Parse(body))(t).Capabilities()
		expect.Equal(t, want, strings.Join(capabilities, "")+" "+reason)
	}
}

// FuzzParse holds that whatever was taken for a template can be evaluated without a panic, and says
// the same when it is written as JSON.
func FuzzParse(f *testing.F) {
	f.Add(head + "!Sub [\"${A}\", {A: !Ref Name}]")
	f.Add(`{"Resources":{"A":{"Type":"AWS::SQS::Queue","Properties":{"N":{"Fn::Join":["",["a",{"Ref":"AWS::Region"}]]}}}}}`)
	f.Add("Resources: {A: {Type: AWS::SQS::Queue, Properties: {N: !If [C, !GetAtt A.b, !Split [a, b]]}}}\nConditions: {C: !Equals [a, b]}")
	f.Fuzz(func(t *testing.T, body string) {
		parsed, err := template.Parse(body)
		if err != nil {
			return
		}
		for _, name := range parsed.Order() {
			e := env(parsed, map[string]string{})
			_, _ = e.Condition(parsed.Resources[name].Condition)
			properties, err := e.Properties(parsed.Resources[name])
			if err == nil && !template.Same(properties, template.Plain(properties)) {
				t.Errorf("%v is not plain", properties)
			}
		}
	})
}
