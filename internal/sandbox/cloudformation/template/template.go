// Package template reads CloudFormation's templates, JSON and YAML, strictly: what CloudFormation
// would refuse of them, and what is not built here, is an error in AWS's words. It evaluates their
// functions against a scope. It keeps no state.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
//
//	Parse ──▶ Template ──▶ Resolve (parameters) ──▶ Env.Value (functions)
//
// What differs from AWS: there are no transforms, macros, modules, rules, Fn::Cidr, Fn::ForEach
// and other language extensions; values of the types AWS::EC2::… are not looked up.
package template

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Template is a template that was found to be good.
type Template struct {
	Body        string
	Version     string
	Description string
	Metadata    any
	Parameters  map[string]*Parameter
	Mappings    map[string]any
	Conditions  map[string]any
	Resources   map[string]*Resource
	Outputs     map[string]*Output
}

// Resource is a resource as the template declares it.
type Resource struct {
	Type                string
	Properties          map[string]any
	Metadata            any
	DependsOn           []string
	Condition           string
	DeletionPolicy      string
	UpdateReplacePolicy string
}

// Output is an output as the template declares it.
type Output struct {
	Value       any
	Description string
	Condition   string
	Export      any // nil: not exported
}

// Parse reads a template and checks all that does not depend on parameters.
func Parse(body string) (*Template, error) {
	tree, err := read(body)
	if err != nil {
		return nil, err
	}
	root, ok := tree.(map[string]any)
	if !ok {
		return nil, formatError("unsupported structure.")
	}
	if path := null(root, ""); path != "" {
		return nil, formatError("[%s] 'null' values are not allowed in templates", path)
	}
	t := &Template{Body: body}
	if err := t.sections(root); err != nil {
		return nil, err
	}
	return t, t.check()
}

// sections reads what stands at the top.
func (t *Template) sections(root map[string]any) error {
	for _, name := range sorted(root) {
		var err error
		switch value := root[name]; name {
		case "AWSTemplateFormatVersion":
			if t.Version = text(value); t.Version != "2010-09-09" {
				err = formatError("Unsupported AWSTemplateFormatVersion %s", t.Version)
			}
		case "Description":
			t.Description, err = wantText(value, "Description")
		case "Metadata":
			t.Metadata = value
		case "Parameters":
			t.Parameters, err = each(value, name, parameter)
		case "Mappings":
			t.Mappings, err = each(value, name, mappingOf)
		case "Conditions":
			t.Conditions, err = each(value, name, func(_ string, v any) (any, error) { return v, nil })
		case "Resources":
			t.Resources, err = each(value, name, resource)
		case "Outputs":
			t.Outputs, err = each(value, name, output)
		case "Transform", "Rules", "Hooks":
			err = formatError("the sandbox does not have the section %s", name)
		default:
			err = Errorf("Invalid template property or properties [%s]", name)
		}
		if err != nil {
			return err
		}
	}
	if len(t.Resources) == 0 {
		return formatError("At least one Resources member must be defined.")
	}
	return nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

var logicalName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9]{1,255}$`) })

// each reads the members of a section.
func each[T any](value any, section string, read func(name string, v any) (T, error)) (map[string]T, error) {
	members, ok := value.(map[string]any)
	if !ok {
		return nil, formatError("%s must be an object.", section)
	}
	all := make(map[string]T, len(members))
	for _, name := range sorted(members) {
		if section != "Mappings" && !logicalName().MatchString(name) {
			return nil, formatError("%s name %s is non alphanumeric.", strings.TrimSuffix(section, "s"), name)
		}
		one, err := read(name, members[name])
		if err != nil {
			return nil, err
		}
		all[name] = one
	}
	return all, nil
}

func wantText(v any, where string) (string, error) {
	if !isScalar(v) {
		return "", formatError("%s must be a string.", where)
	}
	return text(v), nil
}

func mappingOf(name string, v any) (any, error) {
	top, ok := v.(map[string]any)
	for _, second := range top {
		if _, isMap := second.(map[string]any); !isMap {
			ok = false
		}
	}
	if !ok {
		return nil, formatError("Every Mappings member %s must be a map of maps.", name)
	}
	return v, nil
}

// resource reads a resource with its attributes.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-product-attribute-reference.html
func resource(name string, v any) (*Resource, error) {
	members, ok := v.(map[string]any)
	if !ok {
		return nil, formatError("[/Resources/%s] Every Resources member must be an object.", name)
	}
	r := &Resource{Properties: map[string]any{}}
	for _, member := range sorted(members) {
		value, err := members[member], error(nil)
		switch member {
		case "Type":
			r.Type, err = wantText(value, "[/Resources/"+name+"/Type]")
		case "Properties":
			if r.Properties, ok = value.(map[string]any); !ok {
				err = formatError("[/Resources/%s/Properties] Properties must be an object", name)
			}
		case "Metadata":
			r.Metadata = value
		case "DependsOn":
			r.DependsOn, err = dependsOn(name, value)
		case "Condition":
			r.Condition, err = wantText(value, "[/Resources/"+name+"/Condition]")
		case "DeletionPolicy":
			r.DeletionPolicy, err = policy(value, member, "Delete", "Retain", "RetainExceptOnCreate")
		case "UpdateReplacePolicy":
			r.UpdateReplacePolicy, err = policy(value, member, "Delete", "Retain")
		case "CreationPolicy", "UpdatePolicy":
			err = formatError("the sandbox does not have the attribute %s of resource %s", member, name)
		default:
			err = Errorf("Invalid template resource property '%s'", member)
		}
		if err != nil {
			return nil, err
		}
	}
	if r.Type == "" {
		return nil, formatError("[/Resources/%s] Every Resources object must contain a Type member.", name)
	}
	if !strings.Contains(r.Type, "::") {
		return nil, formatError("Unrecognized resource types: [%s]", r.Type)
	}
	return r, nil
}

func policy(v any, member string, allowed ...string) (string, error) {
	if !slices.Contains(allowed, text(v)) {
		return "", formatError("Unrecognized %s %s", member, text(v))
	}
	return text(v), nil
}

func dependsOn(name string, v any) ([]string, error) {
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	var all []string
	for _, item := range items {
		one, isText := item.(string)
		if !isText {
			return nil, formatError("[/Resources/%s/DependsOn] DependsOn must be a string or a list of strings", name)
		}
		all = append(all, one)
	}
	return all, nil
}

func output(name string, v any) (*Output, error) {
	members, ok := v.(map[string]any)
	if !ok || members["Value"] == nil {
		return nil, formatError("[/Outputs/%s] Every Outputs member must contain a Value object", name)
	}
	o := &Output{}
	for _, member := range sorted(members) {
		switch value := members[member]; member {
		case "Value":
			o.Value = value
		case "Description":
			o.Description = text(value)
		case "Condition":
			o.Condition = text(value)
		case "Export":
			export, _ := value.(map[string]any)
			if len(export) != 1 || export["Name"] == nil {
				return nil, formatError("[/Outputs/%s/Export] Export must contain a Name", name)
			}
			o.Export = export["Name"]
		default:
			return nil, Errorf("Invalid template output property '%s'", member)
		}
	}
	return o, nil
}

// null returns the path of a value that is nothing, "" where there is none.
func null(v any, path string) string {
	switch v := v.(type) {
	case nil:
		return path
	case map[string]any:
		for _, key := range sorted(v) {
			if found := null(v[key], path+"/"+key); found != "" {
				return found
			}
		}
	case []any:
		for _, item := range v {
			if found := null(item, path); found != "" {
				return found
			}
		}
	}
	return ""
}

// Types returns the types of the template's resources.
func (t *Template) Types() []string {
	types := map[string]bool{}
	for _, r := range t.Resources {
		types[r.Type] = true
	}
	return sorted(types)
}

// Capabilities returns what a caller has to acknowledge, and why.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
func (t *Template) Capabilities() (capabilities []string, reason string) {
	var found []string
	needs := ""
	for _, r := range t.Resources {
		kind, isIAM := strings.CutPrefix(r.Type, "AWS::IAM::")
		if !isIAM || !slices.Contains([]string{"AccessKey", "Group", "InstanceProfile", "ManagedPolicy", "Policy", "Role", "User", "UserToGroupAddition"}, kind) {
			continue
		}
		found = append(found, r.Type)
		if named := r.Properties[kind+"Name"]; named != nil && kind != "Policy" {
			needs = "CAPABILITY_NAMED_IAM"
		}
	}
	if len(found) == 0 {
		return nil, ""
	}
	if needs == "" {
		needs = "CAPABILITY_IAM"
	}
	slices.Sort(found)
	return []string{needs}, "The following resource(s) require capabilities: [" + strings.Join(slices.Compact(found), ", ") + "]"
}
