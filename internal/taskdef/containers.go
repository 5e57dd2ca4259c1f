package taskdef

import (
	"errors"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// Container is a container of a template.
type Container struct {
	Name  tagboat.ContainerName
	Where tagboat.Position
}

// Containers returns the containers in the order of the file.
func (t *Template) Containers() []Container {
	var containers []Container
	for _, n := range t.containerNodes() {
		if name := n.Field("name"); name != nil {
			containers = append(containers, Container{Name: tagboat.ContainerName(name.Text), Where: name.At})
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
			problems = append(problems, name.Errorf("the container %q stands here twice", name.Text).WithHint("the first is at %s", first[name.Text]))
		default:
			first[name.Text] = name.At
		}
	}
	return errors.Join(problems...)
}
