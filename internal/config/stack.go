package config

import (
	"regexp"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// Stack says that a service is deployed through a stack of CloudFormation, which owns its task
// definition.
type Stack struct {
	Name     string // a pattern: Config.StackName fills it in
	Resource string // logical id of the service in the template; "" for the only one there
	// Parameters are those parameters of the stack that take the URI of an image. Those with an SSM
	// type read the ledger themselves and are not among them.
	Parameters      map[string]tagboat.ImageName
	ParameterPlaces map[string]tagboat.Position
	Where           tagboat.Position
}

type fileDeploy struct {
	Through    string                      `yaml:"through,required" enum:"cloudformation,express" doc:"what changes the service: cloudformation updates the stack that owns it, express updates the image of a service that Express Mode of ECS made"`
	Stack      source.Text                 `yaml:"stack" doc:"with cloudformation: the name of the stack, with {app}, {environment}, {service}, {stage}, {tenant} and variables in it, such as shop-{environment}-api"`
	Resource   source.Text                 `yaml:"resource" doc:"the logical id of the service in the stack's template; default: the only service that it has"`
	Parameters source.Entries[source.Text] `yaml:"parameters" doc:"parameters of the stack that take the URI of an image, by their keys; parameters of the type AWS::SSM::Parameter::Value<String> read the pins themselves"`
}

// StackName returns the name of the stack of a service in env.
func (c *Config) StackName(env Environment, s Service) string {
	values := c.stackPlaceholders(env, s)
	return placeholderPattern().ReplaceAllStringFunc(s.Stack.Name, func(p string) string { return values[p] })
}

func (c *Config) stackPlaceholders(env Environment, s Service) map[string]string {
	values := c.placeholders(env, "", "")
	values["{service}"] = string(s.Name)
	return values
}

func (b *builder) stack(from *fileDeploy, s *Service) {
	if from == nil {
		return
	}
	if from.Through == "express" {
		s.Express = true
		return
	}
	if from.Stack.At.File == "" {
		b.problem(s.Where, "the service %q is deployed through a stack, and its name is missing", s.Name).hint("add it: deploy: {through: cloudformation, stack: NAME}")
		from.Stack.At = s.Where
	}
	s.Stack = &Stack{
		Name: from.Stack.Value, Resource: from.Resource.Value, Where: from.Stack.At,
		Parameters: map[string]tagboat.ImageName{}, ParameterPlaces: map[string]tagboat.Position{},
	}
	for _, entry := range from.Parameters {
		image := tagboat.ImageName(entry.Value.Value)
		if _, ok := b.config.Images[image]; !ok {
			b.unknown("image", entry.Value, b.imageNames())
		}
		s.Stack.Parameters[entry.Name], s.Stack.ParameterPlaces[entry.Name] = image, entry.At
	}
}

// The name of a stack: "It must start with an alphabetic character and can't be longer than 128
// characters", with letters, digits and hyphens.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
var stackPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`) })

// stacks notes names of stacks that are none in an environment.
func (b *builder) stacks() {
	for _, entry := range b.file.Services {
		s := b.config.Services[tagboat.ServiceName(entry.Name)]
		if s.Stack == nil || s.Stack.Name == "" {
			continue
		}
		for _, env := range b.config.SortedEnvironments() {
			if !b.checkPlaceholders(s.Stack.Name, s.Stack.Where, env, b.config.stackPlaceholders(env, s)) {
				break
			}
			if name := b.config.StackName(env, s); !stackPattern().MatchString(name) {
				b.problem(s.Stack.Where, "in %s this gives %q, which cannot be the name of a stack", env.Name, name).
					hint("a stack's name begins with a letter, and has at most 128 letters, digits and hyphens")
				break
			}
		}
	}
}

// owned notes what a service says that its stack says already.
func (b *builder) owned(from fileService, s Service) {
	switch {
	case s.Express:
		b.ownedByExpress(from, s)
	case s.Stack == nil:
	case from.TaskDefinition.at.File != "":
		b.problem(s.Where, "the service %q is deployed through a stack, and its task definition is the stack's", s.Name).
			hint("leave taskDefinition out")
	case from.Service.At.File != "":
		b.problem(from.Service.At, "the service %q is deployed through a stack, and its settings are the stack's", s.Name).
			hint("leave service out")
	case len(s.Containers) == 0:
		b.problem(s.Where, "the service %q maps no container to an image", s.Name).
			hint("add containers: {CONTAINER: IMAGE}, with the containers of the stack's task definition")
	default:
		images := map[tagboat.ImageName]bool{}
		for _, image := range s.Containers {
			images[image] = true
		}
		for _, key := range sortedNames(s.Stack.Parameters) {
			if image := s.Stack.Parameters[key]; !images[image] {
				b.problem(s.Stack.ParameterPlaces[key], "the parameter %s takes the image %s, and no container of the service %q runs it", key, image, s.Name).
					hint("add it to containers: {CONTAINER: %s}", image)
			}
		}
	}
}
