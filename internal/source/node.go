// Package source reads the files that a user writes (JSON, YAML or Jsonnet) into a
// tree whose every part knows its place, and decodes such a tree strictly into Go
// values: an unknown field, a wrong type or a missing one is a *tagboat.Error of
// kind Usage with file, line, column, the line itself and a hint.
package source

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat"
)

// Kind is the kind of a node, in the words of JSON.
type Kind int

// The kinds.
const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Map
)

// String returns the kind as a person says it: "a string", "a list".
func (k Kind) String() string {
	return [...]string{"null", "true or false", "a number", "a string", "a list", "a map"}[k]
}

// Node is one value of a file.
type Node struct {
	Kind   Kind
	Text   string  // of a scalar: the string, true or false, or the number as JSON writes it
	Raw    string  // of a number or boolean: what the file says, such as 0x10 or yes
	Items  []*Node // of a list
	Fields []Field // of a map, in the order of the file
	Path   string  // containerDefinitions[0].name; "" for the whole file
	At     tagboat.Position
}

// Field is one entry of a map.
type Field struct {
	Name  string
	At    tagboat.Position // of the name
	Value *Node
}

// Field returns the value of the field called name, or nil.
func (n *Node) Field(name string) *Node {
	for _, f := range n.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

// Value returns the node as encoding/json would decode it, with numbers as
// json.Number so that none loses a digit. That of no node is nil.
func (n *Node) Value() any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case Bool:
		return n.Text == "true"
	case Number:
		return json.Number(n.Text)
	case String:
		return n.Text
	case List:
		list := make([]any, len(n.Items))
		for i, item := range n.Items {
			list[i] = item.Value()
		}
		return list
	case Map:
		object := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			object[f.Name] = f.Value.Value()
		}
		return object
	default:
		return nil
	}
}

// Make returns v, as Value gives it, as a node all of whose parts are at one place.
func Make(v any, at tagboat.Position, path string) *Node {
	n := &Node{At: at}
	switch v := v.(type) {
	case nil:
	case bool:
		n.Kind, n.Text = Bool, strconv.FormatBool(v)
	case json.Number:
		n.Kind, n.Text = Number, v.String()
	case int:
		n.Kind, n.Text = Number, strconv.Itoa(v)
	case float64:
		n.Kind, n.Text = Number, strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		n.Kind, n.Text = String, v
	case []any:
		n.Kind = List
		for _, item := range v {
			n.Items = append(n.Items, Make(item, at, ""))
		}
	case map[string]any:
		n.Kind = Map
		for _, name := range slices.Sorted(maps.Keys(v)) {
			n.Fields = append(n.Fields, Field{Name: name, At: at, Value: Make(v[name], at, "")})
		}
	default:
		n.Kind, n.Text = String, fmt.Sprint(v)
	}
	if n.Kind == Bool || n.Kind == Number {
		n.Raw = n.Text
	}
	setPaths(n, path)
	return n
}

// UnknownField returns the error for a field whose name is not a known one.
func UnknownField(f Field, known []string) *tagboat.Error {
	return f.Errorf("unknown field %q", f.Name).WithHint("%s", tagboat.Suggest(f.Name, known))
}

// Want returns an error unless n is of the kind k.
func (n *Node) Want(k Kind) error {
	if n.Kind == k {
		return nil
	}
	e := n.Errorf("%sexpected %s, not %s", n.label(), k, n.describe())
	switch {
	case k == String && (n.Kind == Number || n.Kind == Bool):
		e.Hint = fmt.Sprintf("write it in quotes: %q", n.Raw)
	case k == Number && n.Kind == String && n.Text != "" && strings.Trim(n.Text, "0123456789.") == "":
		e.Hint = "write it without quotes: " + n.Text
	case k == Bool && n.Kind == String:
		e.Hint = "write true or false, without quotes"
	}
	return e
}

// label names the field where the place alone would not: a list or a map over many
// lines, a line that is too long to quote.
func (n *Node) label() string {
	if n.At.Line == 0 || n.Path == "" {
		return "" // Errorf says the whole path, or there is none
	}
	return n.Path[strings.LastIndexByte(n.Path, '.')+1:] + ": "
}

func (n *Node) describe() string {
	switch n.Kind {
	case Number, Bool:
		return n.Kind.String() + " (" + n.Raw + ")"
	case Null:
		return "nothing"
	default:
		return n.Kind.String()
	}
}

// member is one field of a struct as its tags describe it: the one description that
// both the decoder and the schema go by.
type member struct {
	name     string
	required bool
	doc      string
	enum     []string
	index    []int
	typ      reflect.Type
}

func membersOf(t reflect.Type) []member {
	var members []member
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("yaml")
		if !ok {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		m := member{name: name, required: option == "required", doc: f.Tag.Get("doc"), index: f.Index, typ: f.Type}
		if enum := f.Tag.Get("enum"); enum != "" {
			m.enum = strings.Split(enum, ",")
		}
		members = append(members, m)
	}
	return members
}

func find(members []member, name string) (member, bool) {
	for _, m := range members {
		if m.name == name {
			return m, true
		}
	}
	return member{}, false
}

func names(members []member) []string {
	list := make([]string, len(members))
	for i, m := range members {
		list[i] = m.name
	}
	return list
}
