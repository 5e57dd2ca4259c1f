// Package source reads the files that a user writes (JSON, YAML or Jsonnet) into a
// tree whose every part knows its place, and decodes such a tree strictly into Go
// values: an unknown field, a wrong type or a missing one is a *tagboat.Error of
// kind Usage with file, line, column, the line itself and a hint.
package source

import (
	"encoding/json"

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
