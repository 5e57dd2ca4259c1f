package source

import (
	"errors"

	"github.com/tagboat/tagboat"
)

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
