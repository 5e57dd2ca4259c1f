package stack_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/generate/stack"
)

// shapes is shapes.json of the package taskdef: every member that the requests of Amazon ECS have.
type shapes struct {
	Structures map[string]struct{ Members map[string]string }
}

func readShapes(t *testing.T) shapes {
	t.Helper()
	var s shapes
	expect.OK(t, json.Unmarshal(expect.Value(os.ReadFile("../../taskdef/shapes.json"))(t), &s))
	return s
}

// full returns an object with every member of a structure.
func (s shapes) full(typ string) any {
	if item, ok := strings.CutPrefix(typ, "[]"); ok {
		return []any{s.full(item)}
	}
	if strings.HasPrefix(typ, "{}") || typ == "document" {
		return map[string]any{"key-of-the-user": "value"}
	}
	structure, ok := s.Structures[typ]
	if !ok {
		return "value of " + typ
	}
	object := map[string]any{}
	for member, of := range structure.Members {
		object[member] = s.full(of)
	}
	return object
}

// paths adds the path of every property, and of every value that is none.
func paths(v any, path string, add func(path string, leaf bool)) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			add(path+"."+key, false)
			paths(value, path+"."+key, add)
		}
	case []any:
		for _, item := range v {
			paths(item, path, add)
		}
	default:
		add(path, true)
	}
}

// TestEveryMemberHasItsProperty holds a definition with everything that ECS knows to what
// CloudFormation knows: testdata/properties has all properties of the two types, from AWS's schemas
// of 2026-11 (https://schema.cloudformation.us-east-1.amazonaws.com/CloudformationSchema.zip). What
// has none is named.
func TestEveryMemberHasItsProperty(t *testing.T) {
	known := strings.Fields(string(expect.Value(os.ReadFile("testdata/properties"))(t)))
	for typ, request := range map[string]string{
		"AWS::ECS::TaskDefinition": "RegisterTaskDefinitionRequest", "AWS::ECS::Service": "CreateServiceRequest",
	} {
		given := readShapes(t).full(request).(map[string]any)
		converted, lost, _ := stack.Convert(given)
		leaves := func(of any) (n int) {
			paths(of, "", func(_ string, leaf bool) {
				if leaf {
					n++
				}
			})
			return n
		}
		want := []string(nil)
		if request == "CreateServiceRequest" {
			want = []string{"clientToken"}
		}
		expect.Equal(t, want, lost)
		expect.EqualIn(t, "values of "+typ, leaves(given)-len(want), leaves(converted))
		paths(converted, typ, func(path string, leaf bool) {
			if !leaf && !strings.HasSuffix(path, ".key-of-the-user") && !slices.Contains(known, path) {
				t.Errorf("CloudFormation has no property %s", path)
			}
		})
	}
}

// TestDynamicReferencesAreNamed: CloudFormation replaces them, and ECS keeps them as they are.
func TestDynamicReferencesAreNamed(t *testing.T) {
	_, _, resolved := stack.Convert(map[string]any{"containerDefinitions": []any{
		map[string]any{"environment": []any{map[string]any{"name": "A", "value": "{{resolve:ssm:/a}}"}}},
	}})
	expect.Equal(t, []string{"containerDefinitions.environment.value"}, resolved)
}
