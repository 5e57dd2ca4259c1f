package generate

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Way is how a template reads pins.
type Way string

// The ways. Each snippet says in a comment what speaks for it and against it.
const (
	ByParameter      Way = "parameter"       // AWS::SSM::Parameter::Value<String>
	ByDynamic        Way = "dynamic"         // {{resolve:ssm:…}}
	ByCustomResource Way = "custom-resource" // Custom::TagboatPins
)

// Ways returns all ways.
func Ways() []Way { return []Way{ByParameter, ByDynamic, ByCustomResource} }

// Snippet is what a template needs to read the pins of one service in one environment.
type Snippet struct {
	Service     tagboat.ServiceName
	Environment tagboat.EnvName
	Containers  []Container
}

// Container is a container of the service's task definition.
type Container struct {
	Name       tagboat.ContainerName
	Image      tagboat.ImageName
	Repository string // with its host
	Parameter  string // holds the pins of the image's group as a JSON object
	Key        string // of the image in that object
	Form       ledger.Form
	Single     string      // the parameter that holds the pin of the image alone, for ByDynamic
	SingleForm ledger.Form // how it holds it; "" stands for FormURI
}

// Input is a parameter of the template whose value is that of a parameter in Parameter
// Store.
type Input struct {
	ID   string // in the template
	Name string // in Parameter Store
}

// Inputs returns the parameters that hold the containers' groups, each once.
func (s Snippet) Inputs() []Input {
	var inputs []Input
	for _, c := range s.Containers {
		if slices.ContainsFunc(inputs, func(i Input) bool { return i.Name == c.Parameter }) {
			continue
		}
		id := "Pins"
		if n := len(inputs) + 1; n > 1 {
			id += strconv.Itoa(n)
		}
		inputs = append(inputs, Input{ID: id, Name: c.Parameter})
	}
	return inputs
}

// Value returns the expression that takes the value of a container out of its group.
func (s Snippet) Value(c Container) string {
	for _, input := range s.Inputs() {
		if input.Name == c.Parameter {
			return c.taken("!Ref " + input.ID)
		}
	}
	return ""
}

// taken returns the expression that takes the container's value out of a group.
func (c Container) taken(group string) string {
	return fmt.Sprintf(`!Select [0, !Split ['"', !Select [1, !Split ['"%s":"', %s]]]]`, c.Key, group)
}

// Tags reports whether the group's parameter has tags alone.
func (c Container) Tags() bool { return c.Form == ledger.FormTag }

// Whole reports whether the group's parameter has what ECS takes as it is.
func (c Container) Whole() bool { return c.Form == ledger.FormURI }

// Reference returns what ECS takes, with a dynamic reference for the pin in it.
func (c Container) Reference() (string, error) {
	pin := "{{resolve:ssm:" + c.Single + "}}"
	switch c.SingleForm {
	case "", ledger.FormURI:
		return pin, nil
	case ledger.FormTag:
		return c.Repository + ":" + pin, nil
	case ledger.FormDigest:
		return c.Repository + "@" + pin, nil
	default:
		return "", tagboat.Usagef("ECS takes no image with a tag and a digest, and the projections are of the form %s", c.SingleForm).
			WithHint("write ledger: {projections: {form: uri}}")
	}
}

// Images returns the images of the containers, each once.
func (s Snippet) Images() []tagboat.ImageName {
	var images []tagboat.ImageName
	for _, c := range s.Containers {
		if !slices.Contains(images, c.Image) {
			images = append(images, c.Image)
		}
	}
	return images
}

//go:embed snippets/*.yaml
var snippets embed.FS

// Render returns the snippet as a template in YAML that could stand alone. The error of
// an unknown way is of kind Usage.
func (s Snippet) Render(way Way) ([]byte, error) {
	if !slices.Contains(Ways(), way) {
		return nil, tagboat.Usagef("there is no way %q", way).WithHint("%s", tagboat.Suggest(string(way), wayNames()))
	}
	text, err := snippets.ReadFile("snippets/" + string(way) + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the snippet %s: %w", way, err)
	}
	containers, err := s.containers(way)
	if err != nil {
		return nil, err
	}
	return []byte(strings.NewReplacer(
		"$SERVICE", string(s.Service), "$ENVIRONMENT", string(s.Environment),
		"$INPUTS\n", s.inputs(), "$IMAGES\n", s.images(), "$CONTAINERS\n", containers,
	).Replace(string(text))), nil
}

func (s Snippet) inputs() string {
	var b strings.Builder
	for _, input := range s.Inputs() {
		fmt.Fprintf(&b, "  %s:\n    Type: AWS::SSM::Parameter::Value<String>\n    Default: %s\n", input.ID, input.Name)
	}
	return b.String()
}

func (s Snippet) images() string {
	var b strings.Builder
	for _, image := range s.Images() {
		fmt.Fprintf(&b, "        - %s\n", image)
	}
	return b.String()
}

// containers returns the list of containers with what each takes as its image.
func (s Snippet) containers(way Way) (string, error) {
	var b strings.Builder
	for _, c := range s.Containers {
		image, err := s.imageOf(c, way)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "        - Name: %s\n          Image: %s\n", c.Name, image)
	}
	return b.String(), nil
}

// imageOf returns what a container takes as its image.
func (s Snippet) imageOf(c Container, way Way) (string, error) {
	switch way {
	case ByCustomResource:
		return fmt.Sprintf("!GetAtt [Pins, %q]", c.Image), nil
	case ByDynamic:
		reference, err := c.Reference()
		return strconv.Quote(reference), err
	default:
		return c.image(s.Value(c)), nil
	}
}

// image returns what ECS takes, where value is the expression of what the group has.
func (c Container) image(value string) string {
	switch {
	case c.Whole():
		return value
	case c.Tags():
		return fmt.Sprintf("!Sub [%q, {Pin: %s}]", c.Repository+":${Pin}", value)
	default:
		return fmt.Sprintf("!Sub [%q, {Pin: %s}]", c.Repository+"@sha256:${Pin}", `!Select [1, !Split ["sha256:", `+value+"]]")
	}
}

func wayNames() []string {
	var names []string
	for _, way := range Ways() {
		names = append(names, string(way))
	}
	return names
}

// Snippet returns what a template needs to read the pins of a service in an environment,
// which can be left out where there is only one. It makes no call.
func (g Generator) Snippet(service tagboat.ServiceName, env tagboat.EnvName) (Snippet, error) {
	of, err := g.Fleet.Config.Service(string(service))
	if err != nil {
		return Snippet{}, err
	}
	where, err := g.environment(env)
	if err != nil {
		return Snippet{}, err
	}
	cells, err := g.Fleet.Unpinned(where, []config.Service{of})
	if err != nil {
		return Snippet{}, err
	}
	images, err := cells[0].Images()
	if err != nil {
		return Snippet{}, err
	}
	snippet := Snippet{Service: service, Environment: where.Name}
	for _, image := range images {
		snippet.Containers = append(snippet.Containers, g.container(where, image))
	}
	return snippet, nil
}

func (g Generator) container(env config.Environment, image deploy.Image) Container {
	of := g.Fleet.Config.Images[image.Image]
	group := g.Fleet.Config.GroupOf(image.Image)
	c := Container{
		Name: image.Container, Image: image.Image, Repository: of.Repository.Name(),
		Parameter: g.Fleet.Config.ParameterName(env, group), Key: group.KeyOf(of), Form: group.Form,
		Single: g.Fleet.Config.ProjectionName(env, image.Image), SingleForm: g.Fleet.Config.Ledger.Projections.Form,
	}
	if c.Single == "" {
		c.Single, c.SingleForm = c.Parameter+"/"+string(image.Image), ledger.FormURI
	}
	return c
}

// environment returns the one named, or the only one.
func (g Generator) environment(name tagboat.EnvName) (config.Environment, error) {
	if name != "" {
		return g.Fleet.Config.Environment(string(name))
	}
	all := slices.Sorted(maps.Keys(g.Fleet.Config.Environments))
	if len(all) == 1 {
		return g.Fleet.Config.Environments[all[0]], nil
	}
	return config.Environment{}, tagboat.Usagef("there are %d environments, and a template reads one", len(all)).
		WithHint("choose one with --env; its parameter's name is the only thing that differs")
}
