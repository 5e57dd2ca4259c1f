package source

import "reflect"

// Schemer is a type that describes itself in a JSON Schema. It must answer on its
// zero value.
type Schemer interface {
	JSONSchema() map[string]any
}

// Schema returns the JSON Schema (draft 2020-12) of what Decode accepts for v's
// type, by the same tags.
func Schema(v any) map[string]any { return schemaOf(reflect.TypeOf(v)) }

func schemaOf(t reflect.Type) map[string]any {
	if s, ok := reflect.Zero(t).Interface().(Schemer); ok && t.Kind() != reflect.Pointer {
		return s.JSONSchema()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Struct:
		return structSchema(t)
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Int:
		return map[string]any{"type": "integer"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	default:
		return map[string]any{"type": "string"}
	}
}

func structSchema(t reflect.Type) map[string]any {
	properties := map[string]any{}
	var required []string
	for _, m := range membersOf(t) {
		s := schemaOf(m.typ)
		if m.doc != "" {
			s["description"] = m.doc
		}
		if len(m.enum) > 0 {
			s["enum"] = m.enum
		}
		if m.required {
			required = append(required, m.name)
		}
		properties[m.name] = s
	}
	s := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// JSONSchema implements Schemer.
func (Text) JSONSchema() map[string]any { return map[string]any{"type": "string"} }

// JSONSchema implements Schemer.
func (Any) JSONSchema() map[string]any { return map[string]any{} }

// JSONSchema implements Schemer.
func (Entries[V]) JSONSchema() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": schemaOf(reflect.TypeFor[V]())}
}

var (
	_ Schemer = Text{}
	_ Schemer = Any{}
	_ Schemer = Entries[string]{}
)
