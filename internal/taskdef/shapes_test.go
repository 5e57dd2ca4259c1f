package taskdef_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"
	"github.com/aws/smithy-go"

	"github.com/tagboat/tagboat/internal/casetest"
)

// TestShapes holds shapes.json in step with the model that the AWS SDK carries.
func TestShapes(t *testing.T) {
	w := modelWalk{
		Structures: map[string]modelStructure{},
		Enums:      map[string][]string{},
	}
	w.structure(schemas.RegisterTaskDefinitionRequest, reflect.TypeFor[ecs.RegisterTaskDefinitionInput]())
	w.structure(schemas.CreateServiceRequest, reflect.TypeFor[ecs.CreateServiceInput]())
	w.structure(schemas.UpdateServiceRequest, reflect.TypeFor[ecs.UpdateServiceInput]())
	w.required(t)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", " ")
	if err := enc.Encode(w); err != nil {
		t.Fatal(err)
	}
	casetest.Golden(t, "shapes.json", out.Bytes())
}

type modelWalk struct {
	Structures map[string]modelStructure `json:"structures"`
	Enums      map[string][]string       `json:"enums"`
}

type modelStructure struct {
	Members  map[string]string `json:"members"`
	Required []string          `json:"required,omitempty"`
}

// structure notes a structure. The names and types are those of the model; the Go
// type tells the values of enumerations.
func (w modelWalk) structure(s *smithy.Schema, t reflect.Type) string {
	name := s.TargetID().Name
	if name == "" {
		name = s.ID().Name
	}
	if _, ok := w.Structures[name]; ok {
		return name
	}
	m := modelStructure{Members: map[string]string{}}
	w.Structures[name] = m
	for member, schema := range s.Members() {
		m.Members[member] = w.typ(schema, fieldType(t, member))
	}
	return name
}

// fieldType is nil for the members of a union, which is an interface in Go.
func fieldType(t reflect.Type, member string) reflect.Type {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	field, ok := t.FieldByNameFunc(func(f string) bool { return strings.EqualFold(f, member) })
	if !ok {
		panic("the SDK has no field for " + member + " in " + t.Name())
	}
	return field.Type
}

func (w modelWalk) typ(s *smithy.Schema, t reflect.Type) string {
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch s.Type() {
	case smithy.ShapeTypeList:
		return "[]" + w.typ(s.ListMember(), elem(t))
	case smithy.ShapeTypeMap:
		return "{}" + w.typ(s.MapValue(), elem(t))
	case smithy.ShapeTypeStructure, smithy.ShapeTypeUnion:
		return w.structure(s, t)
	case smithy.ShapeTypeEnum:
		if t == nil {
			return "string"
		}
		w.Enums[t.Name()] = enumValues(t)
		return t.Name()
	case smithy.ShapeTypeBoolean:
		return "boolean"
	case smithy.ShapeTypeInteger, smithy.ShapeTypeLong:
		return "integer"
	case smithy.ShapeTypeDouble, smithy.ShapeTypeFloat:
		return "number"
	case smithy.ShapeTypeDocument:
		return "document"
	case smithy.ShapeTypeString:
		return "string"
	default:
		panic("a shape of an unknown type: " + s.ID().String())
	}
}

func elem(t reflect.Type) reflect.Type {
	if t == nil {
		return nil
	}
	return t.Elem()
}

func enumValues(t reflect.Type) []string {
	list := reflect.Zero(t).MethodByName("Values").Call(nil)[0]
	var values []string
	for i := range list.Len() {
		values = append(values, list.Index(i).String())
	}
	// The documentation of lifecycle hooks has this stage and the model lacks it:
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
	if t.Name() == "DeploymentLifecycleHookStage" && !slices.Contains(values, "PRE_PRODUCTION_TRAFFIC_SHIFT") {
		values = append(values, "PRE_PRODUCTION_TRAFFIC_SHIFT")
	}
	return values
}
