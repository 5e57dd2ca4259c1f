// Package template reads templates of CloudFormation: their parameters, the task definitions and
// services of ECS in them, and where each container's image comes from. What is known of a stack
// (values of parameters, physical ids, what Parameter Store has) is evaluated as CloudFormation
// would; what is not known is named.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
package template

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/source"
)

// Template is a template as it was read. It is not changed afterwards, and safe for concurrent use.
type Template struct {
	Parameters map[string]Parameter
	Transforms []string // such as AWS::Serverless-2016-10-31: its processed form has what they make

	Metadata *source.Node

	conditions, mappings, resources *source.Node
}

// Parameter is a parameter as the template declares it.
type Parameter struct {
	Type   string // such as AWS::SSM::Parameter::Value<String>
	NoEcho bool
}

// SSM reports whether the parameter's value names a parameter of Parameter Store, which
// CloudFormation reads at each create and update.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
func (p Parameter) SSM() bool { return strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value<") }

func (p Parameter) list() bool {
	inner := strings.TrimSuffix(strings.TrimPrefix(p.Type, "AWS::SSM::Parameter::Value<"), ">")
	return strings.HasPrefix(inner, "List<") || inner == "CommaDelimitedList"
}

// Logical returns the logical ids of all resources, as they stand in the template.
func (t *Template) Logical() []string {
	var ids []string
	for _, f := range t.resources.Fields {
		ids = append(ids, f.Name)
	}
	return ids
}

// Read reads a template in JSON or YAML, with the short forms of functions. An error is of kind
// Usage, and has the place.
func Read(body string) (*Template, error) {
	root, err := source.ParseTagged("template", []byte(body), short)
	if err != nil {
		// The parser takes the first colon of !Ref AWS::Region for that of a key where a list in
		// brackets is within a map in braces.
		quoted, again := source.ParseTagged("template", pseudoReference().ReplaceAll([]byte(body), []byte(`!Ref "$1"`)), short)
		if again != nil {
			return nil, err
		}
		root = quoted
	}
	if err := root.Want(source.Map); err != nil {
		return nil, err
	}
	t := &Template{Parameters: map[string]Parameter{}, Metadata: &source.Node{}, conditions: &source.Node{}, mappings: &source.Node{}, resources: &source.Node{}}
	for _, f := range root.Fields {
		switch f.Name {
		case "Parameters":
			for _, p := range f.Value.Fields {
				t.Parameters[p.Name] = parameter(p.Value)
			}
		case "Transform":
			t.Transforms = names(f.Value)
		case "Metadata":
			t.Metadata = f.Value
		case "Conditions":
			t.conditions = f.Value
		case "Mappings":
			t.mappings = f.Value
		case "Resources":
			t.resources = f.Value
		}
	}
	return t, nil
}

var pseudoReference = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`!Ref (AWS::[A-Za-z]+)`) })

// short makes the long form of a function of its short one: !Sub x is Fn::Sub: x.
func short(tag string, value *source.Node) (*source.Node, error) {
	name := strings.TrimPrefix(tag, "!")
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	return &source.Node{Kind: source.Map, At: value.At, Fields: []source.Field{{Name: name, At: value.At, Value: value}}}, nil
}

func parameter(n *source.Node) Parameter {
	return Parameter{Type: textOf(n.Field("Type")), NoEcho: textOf(n.Field("NoEcho")) == "true"}
}

// names returns one name or a list of them.
func names(n *source.Node) []string {
	if n.Kind != source.List {
		return []string{textOf(n)}
	}
	var all []string
	for _, item := range n.Items {
		if item.Kind == source.Map {
			item = item.Field("Name")
		}
		all = append(all, textOf(item))
	}
	return all
}

// textOf returns a scalar as the template writes it; "" of anything else.
func textOf(n *source.Node) string {
	switch {
	case n == nil || n.Kind == source.Null || n.Kind > source.String:
		return ""
	case n.Kind == source.Number:
		return n.Raw
	default:
		return n.Text
	}
}

// TypeOf returns the type of a resource; "" where the template has none of that logical id.
func (t *Template) TypeOf(logical string) string { return textOf(under(t.resources, logical, "Type")) }

// OfType returns the logical ids of the resources of a type, in the order of the template.
func (t *Template) OfType(name string) []string {
	var all []string
	for _, r := range t.resources.Fields {
		if textOf(r.Value.Field("Type")) == name {
			all = append(all, r.Name)
		}
	}
	return slices.Clip(all)
}

// under returns the node below one by the names of maps, nil where there is none.
func under(n *source.Node, path ...string) *source.Node {
	for _, name := range path {
		if n == nil {
			return nil
		}
		n = n.Field(name)
	}
	return n
}
