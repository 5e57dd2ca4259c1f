package template

import (
	"strconv"

	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/source"
)

// TaskDefinition is an AWS::ECS::TaskDefinition.
type TaskDefinition struct {
	Logical    string
	Family     Text
	Containers []Container
	Condition  string // under which the stack has it; "" where that is known, or always
}

// Container is a container of a task definition.
type Container struct {
	Name  Text
	Image Image
	When  string // the condition under which it is there, where nobody knows whether that holds
}

// Text is a text of a template as far as it is known.
type Text struct {
	Value string // where it is not Known, with ${NAME} for what is unknown; "" where there is none
	Known bool
}

// Service is an AWS::ECS::Service.
type Service struct {
	Logical string
	Name    Text
	Cluster Text
	// TaskDefinition is the logical id of the service's task definition in this template; "" where
	// it is another one, which Literal then is: an ARN, family:revision, or a family.
	TaskDefinition string
	Literal        Text
	DesiredCount   *int // nil where the template has none, or where it is not known
	SetsCount      bool // whether the template has one
	Condition      string
}

// nodes is a node and the condition that it counts under, where nobody knows about it.
type nodes struct {
	node *source.Node
	when string
}

// TaskDefinition returns the task definition with that logical id.
func (t *Template) TaskDefinition(logical string, in Inputs) (TaskDefinition, bool) {
	properties, condition, there := t.resource(logical, cfn.TypeTaskDefinition, in)
	if !there {
		return TaskDefinition{}, false
	}
	d := TaskDefinition{Logical: logical, Condition: condition, Family: t.text(in, properties.Field("Family"))}
	for _, n := range t.elements(in, nodes{node: properties.Field("ContainerDefinitions")}) {
		d.Containers = append(d.Containers, Container{
			Name: t.text(in, n.node.Field("Name")), Image: t.image(in, nodes{n.node.Field("Image"), n.when}), When: n.when,
		})
	}
	return d, true
}

// TaskDefinitions returns all task definitions that the stack has, or may have.
func (t *Template) TaskDefinitions(in Inputs) []TaskDefinition {
	var all []TaskDefinition
	for _, logical := range t.OfType(cfn.TypeTaskDefinition) {
		if d, there := t.TaskDefinition(logical, in); there {
			all = append(all, d)
		}
	}
	return all
}

// Container returns the container of that name.
func (d TaskDefinition) Container(name string) (Container, bool) {
	for _, c := range d.Containers {
		if c.Name.Value == name {
			return c, true
		}
	}
	return Container{}, false
}

// Service returns the service with that logical id.
func (t *Template) Service(logical string, in Inputs) (Service, bool) {
	properties, condition, there := t.resource(logical, cfn.TypeService, in)
	if !there {
		return Service{}, false
	}
	s := Service{
		Logical: logical, Condition: condition,
		Name: t.text(in, properties.Field("ServiceName")), Cluster: t.text(in, properties.Field("Cluster")),
	}
	if count := properties.Field("DesiredCount"); count != nil {
		s.SetsCount = true
		if text := t.text(in, count); text.Known {
			if n, err := strconv.Atoi(text.Value); err == nil {
				s.DesiredCount = &n
			}
		}
	}
	if used := t.used(in, properties.Field("TaskDefinition")); used != "" {
		s.TaskDefinition = used
	} else {
		s.Literal = t.text(in, properties.Field("TaskDefinition"))
	}
	return s, true
}

// Services returns all services that the stack has, or may have.
func (t *Template) Services(in Inputs) []Service {
	var all []Service
	for _, logical := range t.OfType(cfn.TypeService) {
		if s, there := t.Service(logical, in); there {
			all = append(all, s)
		}
	}
	return all
}

// resource returns the properties of a resource of a type; false where the stack does not have it.
func (t *Template) resource(logical, typ string, in Inputs) (properties *source.Node, condition string, there bool) {
	r := under(t.resources, logical)
	if r == nil || textOf(r.Field("Type")) != typ {
		return nil, "", false
	}
	if name := textOf(r.Field("Condition")); name != "" {
		switch t.evaluator(in, "").condition(name) {
		case fails:
			return nil, "", false
		case unsettled:
			condition = name
		}
	}
	if properties = r.Field("Properties"); properties == nil {
		properties = &source.Node{}
	}
	return properties, condition, true
}

// used returns the logical id of the task definition that a service refers to: its ARN, or its
// family behind which the latest revision is. "" where it names none of this template.
func (t *Template) used(in Inputs, n *source.Node) string {
	e := t.evaluator(in, "")
	e.eval(n)
	used := ""
	for _, s := range e.sources {
		switch {
		case s.Type != cfn.TypeTaskDefinition || s.Name == used:
		case used != "":
			return "" // one of two, by a condition that nobody knows about
		default:
			used = s.Name
		}
	}
	return used
}

func (t *Template) text(in Inputs, n *source.Node) Text {
	if n == nil {
		return Text{}
	}
	e := t.evaluator(in, "")
	v := e.references(e.eval(n))
	return Text{Value: v.text, Known: v.plain() && e.refused == ""}
}

// elements returns the maps of a list, with Fn::If in the list's place and in that of its elements.
func (t *Template) elements(in Inputs, n nodes) []nodes {
	if n.node == nil {
		return nil
	}
	name, argument := call(n.node)
	var all []nodes
	switch {
	case name == "Fn::If" && len(argument.Items) == 3:
		condition := textOf(argument.Items[0])
		is := t.evaluator(in, "").condition(condition)
		for i, when := range []string{condition, "not " + condition} {
			switch {
			case is == unsettled:
				all = append(all, t.elements(in, nodes{argument.Items[i+1], both(n.when, when)})...)
			case (is == holds) == (i == 0):
				all = append(all, t.elements(in, nodes{argument.Items[i+1], n.when})...)
			}
		}
	case name != "":
	case n.node.Kind == source.List:
		for _, item := range n.node.Items {
			all = append(all, t.elements(in, nodes{item, n.when})...)
		}
	case n.node.Kind == source.Map:
		all = append(all, n)
	}
	return all
}
