package taskdef

import (
	"errors"
	"strconv"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// Template is a file with the shape of a task definition or a service, and
// placeholders in it. It is not changed after it was read.
type Template struct {
	File  string
	root  *source.Node
	shape string
	note  *tagboat.Error // of an answer that was taken as input; nil for none
}

// Notes are what reading the file found worth saying.
func (t *Template) Notes() []*tagboat.Error {
	if t.note == nil {
		return nil
	}
	return []*tagboat.Error{t.note}
}

// Read reads a template of a task definition: the input of RegisterTaskDefinition
// as JSON, YAML or Jsonnet. Its error joins everything that is wrong with the file,
// each a *tagboat.Error of kind Usage with its place.
func Read(path string, within source.Border) (*Template, error) {
	return read(path, within, registerTaskDefinition)
}

// ReadService is Read for the input of CreateService. The cluster and the task
// definition are not in it: Tagboat sets them.
func ReadService(path string, within source.Border) (*Template, error) {
	return read(path, within, createService)
}

func read(path string, within source.Border, shape string) (*Template, error) {
	root, err := source.Read(path, within)
	if err != nil {
		return nil, err
	}
	return newTemplate(root, shape)
}

// Parse is Read for content that is already at hand.
func Parse(file string, data []byte) (*Template, error) {
	root, err := source.Parse(file, data)
	if err != nil {
		return nil, err
	}
	return newTemplate(root, registerTaskDefinition)
}

// ParseService is ReadService for content that is already at hand.
func ParseService(file string, data []byte) (*Template, error) {
	root, err := source.Parse(file, data)
	if err != nil {
		return nil, err
	}
	return newTemplate(root, createService)
}

func newTemplate(root *source.Node, shape string) (*Template, error) {
	t := &Template{File: root.At.File, shape: shape}
	root, t.note = asInput(root, shape)
	t.root = root
	err := checker{placeholders: true}.check(root, shape)
	err = errors.Join(err, t.checkPlaceholders(root))
	if shape == registerTaskDefinition {
		err = errors.Join(err, t.checkContainers())
	}
	if err != nil {
		return nil, source.Sorted(err)
	}
	return t, nil
}

// Place returns where the file has a member: its names from the top on, an entry of
// a list by its name or its number from 0 on. It is the place of the deepest one
// that the file has.
func (t *Template) Place(path ...string) tagboat.Position {
	n := t.root
	at := n.At
	for _, step := range path {
		next, place := enter(n, step)
		if next == nil {
			break
		}
		n, at = next, place
	}
	return at
}

func enter(n *source.Node, step string) (*source.Node, tagboat.Position) {
	for _, f := range n.Fields {
		if f.Name == step {
			return f.Value, f.At
		}
	}
	for i, item := range n.Items {
		name := item.Field("name")
		if strconv.Itoa(i) == step || name != nil && name.Text == step {
			return item, item.At
		}
	}
	return nil, tagboat.Position{}
}
