package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// taskDefinition is either the name of a file or {family: NAME}.
type taskDefinition struct {
	File   source.Text
	Family source.Text
	at     tagboat.Position
}

type taskDefinitionFamily struct {
	Family source.Text `yaml:"family,required" doc:"the family whose latest revision is taken, its images swapped and nothing else"`
}

// DecodeNode implements source.Decoder.
func (t *taskDefinition) DecodeNode(n *source.Node) error {
	t.at = n.At
	switch n.Kind {
	case source.String:
		t.File = source.Text{Value: n.Text, At: n.At}
		return nil
	case source.Map:
		var f taskDefinitionFamily
		err := source.Decode(n, &f)
		t.Family = f.Family
		return err
	default:
		return n.Errorf("expected a file or {family: NAME}, not %s", n.Kind)
	}
}

// JSONSchema implements source.Schemer.
func (taskDefinition) JSONSchema() map[string]any {
	return map[string]any{"oneOf": []any{map[string]any{"type": "string"}, source.Schema(taskDefinitionFamily{})}}
}

var (
	_ source.Decoder = (*taskDefinition)(nil)
	_ source.Schemer = taskDefinition{}
)

func (b *builder) services() {
	b.config.Services = map[tagboat.ServiceName]Service{}
	for _, entry := range b.file.Services {
		if !tagboat.ValidName(entry.Name) {
			b.problem(entry.At, "%q cannot be the name of a service", entry.Name).hint(nameHint)
		}
		s := Service{
			Name:            tagboat.ServiceName(entry.Name),
			Family:          entry.Value.TaskDefinition.Family.Value,
			Containers:      map[tagboat.ContainerName]tagboat.ImageName{},
			ContainerPlaces: map[tagboat.ContainerName]tagboat.Position{},
			Where:           entry.At,
		}
		b.stack(entry.Value.Deploy, &s)
		b.templates(entry.Value, &s)
		b.containers(entry.Value.Containers, &s)
		b.owned(entry.Value, s)
		b.config.Services[s.Name] = s
	}
}

func (b *builder) templates(from fileService, s *Service) {
	definition := from.TaskDefinition
	switch {
	case definition.at.File == "":
		if s.Stack == nil && !s.Express {
			b.problem(s.Where, "the service %q has no taskDefinition", s.Name).
				hint("name a file: taskDefinition: %s.taskdef.json, a family that somebody else owns: {family: NAME}, or what owns it: deploy: {through: cloudformation, stack: NAME} or deploy: {through: express}", s.Name)
		}
	case definition.Family.At.File == "":
		s.TaskDefinition = b.template(definition.File)
	case s.Family == "":
		b.problem(from.TaskDefinition.Family.At, "the name of the family is missing")
	}
	if from.Service.At.File != "" {
		s.ServiceFile = b.template(from.Service)
	}
}

// template is path for a service's template. Where releases bring theirs, what is wrong with it
// is kept for who asks for it all the same.
func (b *builder) template(name source.Text) string {
	before := len(b.problems)
	path := b.path(name)
	if b.releasesAlone {
		b.config.missing = append(b.config.missing, b.problems[before:]...)
		b.problems = b.problems[:before]
	}
	return path
}

// Missing returns an error for the templates of services that are not there; nil where all are.
func (c *Config) Missing() error { return source.Sorted(errors.Join(c.missing...)) }

// containers reads the map of containers to images. A template can name its images
// itself, as ${images.NAME}; a family's definition cannot, so it needs the map.
func (b *builder) containers(entries source.Entries[source.Text], s *Service) {
	if len(entries) == 0 && s.Family != "" {
		b.problem(s.Where, "the service %q maps no container to an image", s.Name).
			hint("add containers: {CONTAINER: IMAGE}; without it nothing of the family %s would change", s.Family)
	}
	for _, entry := range entries {
		image, name := tagboat.ImageName(entry.Value.Value), tagboat.ContainerName(entry.Name)
		if _, ok := b.config.Images[image]; !ok {
			b.unknown("image", entry.Value, b.imageNames())
		}
		s.Containers[name] = image
		s.ContainerPlaces[name] = entry.At
	}
}

// dependencies reads what each service depends on. Services that depend on each other
// in a circle could never begin: each circle is one problem, at the place that closes
// it.
func (b *builder) dependencies() {
	g := graph{from: map[tagboat.ServiceName][]source.Text{}, state: map[tagboat.ServiceName]visit{}}
	for _, entry := range b.file.Services {
		s := b.config.Services[tagboat.ServiceName(entry.Name)]
		for _, on := range entry.Value.DependsOn {
			name := tagboat.ServiceName(on.Value)
			if _, ok := b.config.Services[name]; !ok {
				b.unknown("service", on, sortedNames(b.config.Services))
				continue
			}
			if slices.Contains(s.DependsOn, name) {
				b.problem(on.At, "the service %q is listed twice", name).hint("leave one of them out")
				continue
			}
			s.DependsOn = append(s.DependsOn, name)
			g.from[s.Name] = append(g.from[s.Name], on)
		}
		b.config.Services[s.Name] = s
	}
	for _, entry := range b.file.Services {
		g.visit(tagboat.ServiceName(entry.Name))
	}
	for _, circle := range g.circles {
		b.problem(circle.at, "services depend on each other in a circle: %s", circle.path).
			hint("take one of these dependsOn out, or nothing of it could be deployed first")
	}
}

// graph finds circles by walking along what services depend on.
type graph struct {
	from    map[tagboat.ServiceName][]source.Text
	state   map[tagboat.ServiceName]visit
	path    []step
	circles []circle
}

type visit int

const (
	under visit = iota + 1 // the walk is below it
	done
)

// step is one service on the walk's path and the place that led to it.
type step struct {
	service tagboat.ServiceName
	by      tagboat.Position
}

type circle struct {
	at   tagboat.Position
	path string
}

func (g *graph) visit(name tagboat.ServiceName) {
	if g.state[name] == done {
		return
	}
	g.state[name] = under
	for _, on := range g.from[name] {
		next := tagboat.ServiceName(on.Value)
		g.path = append(g.path, step{name, on.At})
		if g.state[next] == under {
			g.close(next)
		} else {
			g.visit(next)
		}
		g.path = g.path[:len(g.path)-1]
	}
	g.state[name] = done
}

// close notes the circle that the path makes with a service that is already on it.
func (g *graph) close(name tagboat.ServiceName) {
	begin := slices.IndexFunc(g.path, func(s step) bool { return s.service == name })
	var text strings.Builder
	for _, s := range g.path[begin:] {
		fmt.Fprintf(&text, "%s → (line %d) ", s.service, s.by.Line)
	}
	g.circles = append(g.circles, circle{at: g.path[len(g.path)-1].by, path: text.String() + string(name)})
}
