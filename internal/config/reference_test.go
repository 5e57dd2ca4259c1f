package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
)

// TestReference holds docs/configuration.md in step with the comments of the structs that
// tagboat.yaml is read into: what stands above its first rule is written by hand.
func TestReference(t *testing.T) {
	const page = "../../docs/configuration.md"
	written := expect.Value(os.ReadFile(page))(t)
	head, _, ok := bytes.Cut(written, []byte("\n---\n"))
	if !ok {
		t.Fatalf("%s has no line --- behind its head", page)
	}
	var schema node
	expect.OK(t, json.Unmarshal(config.Schema(), &schema))
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n---\n\n## Every field\n\nA field with a * must be there.\n", head)
	order := []string{"app", "registry", "images", "services", "stages", "environments", "vars", "ledger", "journal", "notify", "publish", "limits", "files"}
	if len(order) != len(schema.Properties) {
		t.Errorf("the page has %d sections, tagboat.yaml %d", len(order), len(schema.Properties))
	}
	fmt.Fprint(&b, "\n### tagboat.yaml\n\n")
	schema.table(&b, order)
	for _, name := range order {
		schema.Properties[name].sections(&b, name)
	}
	casetest.Golden(t, page, []byte(b.String()))
}

// TestExamplesOfTheReference reads every configuration of docs/configuration.md as it stands
// there.
func TestExamplesOfTheReference(t *testing.T) {
	page := expect.Value(os.ReadFile("../../docs/configuration.md"))(t)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(examples) == 0 {
		t.Fatal("there is no example")
	}
	for _, example := range examples {
		if _, err := config.Parse("docs/configuration.md", example[1]); err != nil {
			t.Error(casetest.Report(err))
		}
	}
}

// node is a part of the JSON Schema.
type node struct {
	Type        string
	Description string
	Enum        []any
	Required    []string
	Properties  map[string]*node
	Items       *node
	AnyOf       []*node
	// Additional is a schema, or false.
	Additional json.RawMessage `json:"additionalProperties"`
}

func (n *node) entries() *node {
	var of node
	if json.Unmarshal(n.Additional, &of) != nil || len(n.Additional) == 0 || string(n.Additional) == "false" {
		return nil
	}
	return &of
}

// sections writes a table for each map of fields in n.
func (n *node) sections(b *strings.Builder, path string) {
	switch entries := n.entries(); {
	case len(n.Properties) > 0:
		fmt.Fprintf(b, "\n### %s\n\n", path)
		names := slices.Sorted(maps.Keys(n.Properties))
		n.table(b, names)
		for _, name := range names {
			n.Properties[name].sections(b, path+"."+name)
		}
	case n.Items != nil:
		n.Items.sections(b, path+"[]")
	case entries != nil:
		entries.sections(b, path+".NAME")
	}
	for _, way := range n.AnyOf {
		way.sections(b, path)
	}
}

func (n *node) table(b *strings.Builder, names []string) {
	fmt.Fprint(b, "| field | is | what for |\n| --- | --- | --- |\n")
	for _, name := range names {
		field, star := n.Properties[name], ""
		if slices.Contains(n.Required, name) {
			star = "*"
		}
		fmt.Fprintf(b, "| `%s`%s | %s | %s |\n", name, star, field.kind(), strings.ReplaceAll(field.Description, "|", `\|`))
	}
}

// kind says what a value is, for people.
func (n *node) kind() string {
	switch {
	case len(n.Enum) > 0:
		var choices []string
		for _, choice := range n.Enum {
			choices = append(choices, fmt.Sprintf("`%v`", choice))
		}
		return strings.Join(choices, ", ")
	case len(n.AnyOf) > 0:
		var ways []string
		for _, way := range n.AnyOf {
			ways = append(ways, way.kind())
		}
		return strings.Join(ways, " or ")
	case n.Type == "array":
		return "list of " + plural(n.Items.kind())
	case n.Type == "object" && n.entries() != nil:
		return "map of " + plural(n.entries().kind())
	case n.Type == "object":
		return "fields"
	case n.Type == "boolean":
		return "true or false"
	case n.Type == "integer":
		return "whole number"
	case n.Type == "":
		return "any value"
	default:
		return n.Type
	}
}

func plural(kind string) string {
	switch kind {
	case "string", "whole number":
		return kind + "s"
	case "any value":
		return "any values"
	default:
		return kind
	}
}
