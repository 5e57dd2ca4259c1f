// Package taskdef reads templates of task definitions and services, fills in their
// variables and images, and compares what comes out with what ECS has. It knows the
// shapes of ECS's requests, so that a misspelt field is found when the file is read.
// Nothing here touches the network.
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

// JSON returns the template with its placeholders, once Jsonnet and YAML are evaluated: the same
// tree always as the same bytes, without blanks and sorted by name. Parse and ParseService read it.
func (t *Template) JSON() []byte { return encode(t.root.Value()) }

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

// container is a container of a template.
type container struct {
	Name  tagboat.ContainerName
	Where tagboat.Position
}

// containers returns the containers in the order of the file.
func (t *Template) containers() []container {
	var containers []container
	for _, n := range t.containerNodes() {
		if name := n.Field("name"); name != nil {
			containers = append(containers, container{Name: tagboat.ContainerName(name.Text), Where: name.At})
		}
	}
	return containers
}

func (t *Template) containerNodes() []*source.Node {
	list := t.root.Field("containerDefinitions")
	if list == nil {
		return nil
	}
	return list.Items
}

const containersHint = "tagboat.yaml maps containers to images by their names, so the file has to name them"

// checkContainers finds what makes a container impossible to refer to by its name.
func (t *Template) checkContainers() error {
	var problems []error
	list := t.root.Field("containerDefinitions")
	switch {
	case list == nil:
	case list.Kind == source.String && hasPlaceholder(list.Text):
		problems = append(problems, list.Errorf("the containers cannot come from a placeholder").WithHint(containersHint))
	case list.Kind == source.List && len(list.Items) == 0:
		problems = append(problems, list.Errorf("a task definition has at least one container"))
	}
	first := map[string]tagboat.Position{}
	for _, n := range t.containerNodes() {
		name := n.Field("name")
		switch {
		case n.Kind == source.String && hasPlaceholder(n.Text):
			problems = append(problems, n.Errorf("a container cannot come from a placeholder").WithHint(containersHint))
		case n.Kind != source.Map:
		case name == nil || name.Text == "":
			problems = append(problems, n.Errorf("the container has no name").WithHint(`add "name": "app", and map it to an image in tagboat.yaml`))
		case hasPlaceholder(name.Text):
			problems = append(problems, name.Errorf("the name of a container cannot hold a placeholder").
				WithHint(containersHint))
		case first[name.Text] != (tagboat.Position{}):
			problems = append(problems, name.Errorf("the container %q is defined twice", name.Text).WithHint("the first is at %s", first[name.Text]))
		default:
			first[name.Text] = name.At
		}
	}
	return errors.Join(problems...)
}
