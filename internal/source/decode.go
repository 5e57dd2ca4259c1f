package source

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat"
)

// Decoder is a type that reads itself from a node. Its errors are *tagboat.Error of
// kind Usage with their places.
type Decoder interface {
	DecodeNode(n *Node) error
}

// Decode fills what v points to from n, strictly: a field that the struct does not
// have, one that is there twice, a wrong type and a missing field are errors. All of
// them are found, and joined. A null is a field that is not there.
//
// The fields of a struct are named by tags: `yaml:"name"`, or `yaml:"name,required"`,
// with `enum:"a,b"` for strings that are a choice; `doc:"…"` describes a field in the
// schema that Schema makes of the same struct. A field called Where of the type
// tagboat.Position, without a tag, is set to the struct's place.
func Decode(n *Node, v any) error { return decode(n, reflect.ValueOf(v).Elem()) }

func decode(n *Node, v reflect.Value) error {
	if d, ok := v.Addr().Interface().(Decoder); ok {
		return d.DecodeNode(n)
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decode(n, v.Elem())
	case reflect.Struct:
		return decodeStruct(n, v)
	case reflect.Slice:
		return decodeList(n, v)
	case reflect.String:
		if err := n.Want(String); err != nil {
			return err
		}
		v.SetString(n.Text)
		return nil
	case reflect.Int:
		return decodeInt(n, v)
	case reflect.Bool:
		if err := n.Want(Bool); err != nil {
			return err
		}
		v.SetBool(n.Text == "true")
		return nil
	default:
		return n.Errorf("a field of type %s cannot be read", v.Type())
	}
}

func decodeInt(n *Node, v reflect.Value) error {
	if err := n.Want(Number); err != nil {
		return err
	}
	i, err := strconv.ParseInt(n.Text, 10, 64)
	if err != nil {
		return n.Errorf("expected a whole number, not %s", n.Raw)
	}
	v.SetInt(i)
	return nil
}

func decodeList(n *Node, v reflect.Value) error {
	if err := n.Want(List); err != nil {
		return err
	}
	list := reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items))
	var problems []error
	for i, item := range n.Items {
		problems = append(problems, decode(item, list.Index(i)))
	}
	v.Set(list)
	return errors.Join(problems...)
}

func decodeStruct(n *Node, v reflect.Value) error {
	if where := v.FieldByName("Where"); where.IsValid() && where.Type() == reflect.TypeFor[tagboat.Position]() {
		where.Set(reflect.ValueOf(n.At))
	}
	if err := n.Want(Map); err != nil {
		return err
	}
	members := membersOf(v.Type())
	var problems []error
	for _, f := range n.Fields {
		m, ok := find(members, f.Name)
		switch {
		case !ok:
			problems = append(problems, UnknownField(f, names(members)))
		case f.Value.Kind != Null:
			problems = append(problems, decodeMember(f.Value, m, v.FieldByIndex(m.index)))
		}
	}
	for _, m := range members {
		if value := n.Field(m.name); m.required && (value == nil || value.Kind == Null) {
			problems = append(problems, n.Errorf("%q is missing", m.name).WithHint("%s", m.doc))
		}
	}
	return errors.Join(problems...)
}

func decodeMember(n *Node, m member, v reflect.Value) error {
	if err := decode(n, v); err != nil {
		return err
	}
	if len(m.enum) == 0 {
		return nil
	}
	for _, choice := range m.enum {
		if n.Text == choice {
			return nil
		}
	}
	return n.Errorf("%q is not one of %s", n.Text, strings.Join(m.enum, ", ")).WithHint("%s", tagboat.Suggest(n.Text, m.enum))
}

// Text is a string that remembers its place.
type Text struct {
	Value string
	At    tagboat.Position
}

// DecodeNode implements Decoder.
func (t *Text) DecodeNode(n *Node) error {
	t.At = n.At
	if err := n.Want(String); err != nil {
		return err
	}
	t.Value = n.Text
	return nil
}

// Any is a value of any type that remembers its place.
type Any struct{ *Node }

// DecodeNode implements Decoder.
func (a *Any) DecodeNode(n *Node) error {
	a.Node = n
	return nil
}

// Entries is a map in the order of the file, each entry with the place of its name.
type Entries[V any] []Entry[V]

// Entry is one entry of a map.
type Entry[V any] struct {
	Name  string
	At    tagboat.Position
	Value V
}

// DecodeNode implements Decoder.
func (e *Entries[V]) DecodeNode(n *Node) error {
	if err := n.Want(Map); err != nil {
		return err
	}
	var problems []error
	for _, f := range n.Fields {
		entry := Entry[V]{Name: f.Name, At: f.At}
		if f.Value.Kind == Null {
			f.Value.At = f.At // an entry without a value is at its name
		}
		problems = append(problems, Decode(f.Value, &entry.Value))
		*e = append(*e, entry)
	}
	return errors.Join(problems...)
}

var (
	_ Decoder = (*Text)(nil)
	_ Decoder = (*Any)(nil)
	_ Decoder = (*Entries[string])(nil)
)

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
