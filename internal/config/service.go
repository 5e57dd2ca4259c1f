package config

import (
	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// taskDefinition is either the name of a file or {family: NAME}.
type taskDefinition struct {
	File   source.Text
	Family source.Text
}

type taskDefinitionFamily struct {
	Family source.Text `yaml:"family,required" doc:"the family whose latest revision is taken, its images swapped and nothing else"`
}

// DecodeNode implements source.Decoder.
func (t *taskDefinition) DecodeNode(n *source.Node) error {
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
		return n.Errorf("a file or {family: NAME} belongs here, not %s", n.Kind)
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
		b.templates(entry.Value, &s)
		b.containers(entry.Value.Containers, &s)
		b.config.Services[s.Name] = s
	}
}

func (b *builder) templates(from fileService, s *Service) {
	if from.TaskDefinition.Family.At.File == "" {
		s.TaskDefinition = b.path(from.TaskDefinition.File)
	} else if s.Family == "" {
		b.problem(from.TaskDefinition.Family.At, "the name of the family is missing")
	}
	if from.Service.At.File != "" {
		s.ServiceFile = b.path(from.Service)
	}
}

// containers reads the map of containers to images. A template can name its images
// itself, as ${images.NAME}; a family's definition cannot, so it needs the map.
func (b *builder) containers(entries source.Entries[source.Text], s *Service) {
	if len(entries) == 0 && s.Family != "" {
		b.problem(s.Where, "the service %q says of no container which image it runs", s.Name).
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
