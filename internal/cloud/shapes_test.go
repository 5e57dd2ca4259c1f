package cloud_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/cloud"
)

// sample returns a document with every member of a shape, one of each union, and one
// item of each list and map.
func sample(shape *smithy.Schema) any {
	switch shape.Type() {
	case smithy.ShapeTypeStructure:
		object := map[string]any{}
		for name, member := range shape.Members() {
			object[name] = sample(member)
		}
		return object
	case smithy.ShapeTypeUnion:
		for name, member := range shape.Members() {
			return map[string]any{name: sample(member)}
		}
		return nil
	case smithy.ShapeTypeList:
		return []any{sample(shape.ListMember())}
	case smithy.ShapeTypeMap:
		return map[string]any{"key": sample(shape.MapValue())}
	case smithy.ShapeTypeBoolean:
		return false // the zero values are what a trip through structs loses
	case smithy.ShapeTypeString, smithy.ShapeTypeEnum:
		return ""
	default:
		return 0
	}
}

// TestEveryMemberArrives sends documents with every member that AWS's model has.
func TestEveryMemberArrives(t *testing.T) {
	f := aws(t, map[string][]answer{
		"ecs.RegisterTaskDefinition": {registered},
		"ecs.CreateService":          {{body: `{"service":{}}`}},
		"ecs.UpdateService":          {{body: `{"service":{}}`}},
	})
	e := open(t).At(cloud.Place{}).ECS()
	for operation, c := range map[string]struct {
		shape *smithy.Schema
		send  func(json.RawMessage) error
	}{
		"ecs.RegisterTaskDefinition": {schemas.RegisterTaskDefinitionRequest, func(d json.RawMessage) error { _, err := e.RegisterTaskDefinition(t.Context(), d); return err }},
		"ecs.CreateService":          {schemas.CreateServiceRequest, func(d json.RawMessage) error { _, err := e.CreateService(t.Context(), d); return err }},
		"ecs.UpdateService":          {schemas.UpdateServiceRequest, func(d json.RawMessage) error { _, err := e.UpdateService(t.Context(), d); return err }},
	} {
		document, err := json.Marshal(sample(c.shape))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.send(document); err != nil {
			t.Fatalf("%s: %v", operation, err)
		}
		if diff := cmp.Diff(string(document), f.requests(operation)[0].body); diff != "" || len(document) < 500 {
			t.Errorf("%s: %s", operation, diff)
		}
	}
}
