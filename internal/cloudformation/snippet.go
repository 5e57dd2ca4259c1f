package cloudformation

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"text/template"

	"github.com/tagboat/tagboat"
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
	Parameter   string // holds the pins as a JSON object
	Tags        bool   // the parameter has tags only, and no digests
	Containers  []Container
}

// Container is a container of the service's task definition.
type Container struct {
	Name       tagboat.ContainerName
	Image      tagboat.ImageName
	Repository string // with its host
	Single     string // the parameter that holds the whole reference, for ByDynamic
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

//go:embed snippets/*.tmpl
var snippets embed.FS

// Render returns the snippet as a template in YAML that could stand alone. The error of
// an unknown way is of kind Usage.
func (s Snippet) Render(way Way) ([]byte, error) {
	if !slices.Contains(Ways(), way) {
		return nil, tagboat.Usagef("there is no way %q", way).WithHint("%s", tagboat.Suggest(string(way), wayNames()))
	}
	t, err := template.ParseFS(snippets, "snippets/"+string(way)+".yaml.tmpl")
	if err != nil {
		return nil, fmt.Errorf("reading the snippet %s: %w", way, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, s); err != nil {
		return nil, fmt.Errorf("writing the snippet %s: %w", way, err)
	}
	return b.Bytes(), nil
}

func wayNames() []string {
	var names []string
	for _, way := range Ways() {
		names = append(names, string(way))
	}
	return names
}
