package config

import (
	"regexp"
	"strings"

	"github.com/tagboat/tagboat"
)

// RequiredLabel is a label, or an annotation, that a version must have to enter a stage.
type RequiredLabel struct {
	Name  string
	Value string // * stands for any characters; "*" alone for any value that is not empty
	Where tagboat.Position
}

// Matches tells whether a value is one that the stage asks for.
func (l RequiredLabel) Matches(value string) bool {
	if l.Value == "*" {
		return value != ""
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(l.Value), `\*`, `.*`)
	return regexp.MustCompile(`(?s)^` + pattern + `$`).MatchString(value)
}

func (b *builder) gateLabels(from fileStage) []RequiredLabel {
	var labels []RequiredLabel
	for _, entry := range from.Gates.Labels {
		if entry.Name == "" || entry.Value.Value == "" {
			b.problem(entry.At, "the gate labels needs a label's name and its value").
				hint(`write it like tested: "yes", or org.opencontainers.image.revision: "*" for any value`)
		}
		labels = append(labels, RequiredLabel{Name: entry.Name, Value: entry.Value.Value, Where: entry.At})
	}
	return labels
}
