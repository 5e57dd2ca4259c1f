package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
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
	order := []string{"app", "registry", "images", "services", "stages", "environments", "vars", "ledger", "journal", "notify", "releases", "home", "watch", "serve", "publish", "limits", "files"}
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

// TestExamples reads every configuration of the pages as it stands there. A part of one, such
// as stages alone, stands for that part in a small file.
func TestExamples(t *testing.T) {
	pages := expect.Value(filepath.Glob("../../docs/*.md"))(t)
	var schema node
	expect.OK(t, json.Unmarshal(config.Schema(), &schema))
	dir := filepath.Join(t.TempDir(), "shop")
	for _, name := range []string{"api.taskdef.json", "api.service.json", "db.taskdef.json", "keys/prod.pub", "../shared-templates/x"} {
		expect.OK(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		expect.OK(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	read := 0
	for _, file := range append(pages, "../../README.md") {
		page := expect.Value(os.ReadFile(file))(t)
		for _, example := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```").FindAllSubmatch(page, -1) {
			first := regexp.MustCompile(`(?m)^(\w+):`).FindSubmatch(example[1])
			if first == nil || schema.Properties[string(first[1])] == nil {
				continue // a workflow, or a stack's template
			}
			read++
			if _, err := config.Parse(filepath.Join(dir, "tagboat.yaml"), whole(example[1])); err != nil {
				t.Errorf("%s: %s", file, casetest.Report(err))
			}
		}
	}
	if read < 8 {
		t.Errorf("%d examples, want more", read)
	}
}

// whole adds to a part of a configuration what a file needs.
func whole(example []byte) []byte {
	for _, rest := range []string{
		"app: shop",
		"registry: 111111111111.dkr.ecr.eu-west-1.amazonaws.com",
		"images: {api: {repository: shop/api}, socket: {repository: shop/socket}, nginx: {repository: shop/nginx}, agent: {repository: shop/agent}, db: {repository: shop/db}}",
		"stages: [{name: dev}, {name: prod}]",
		"environments: {prod: {stage: prod, region: eu-west-1, cluster: prod}}",
		"vars: {team: [{value: web}]}",
	} {
		name, _, _ := strings.Cut(rest, ":")
		if !regexp.MustCompile(`(?m)^` + name + `:`).Match(example) {
			example = fmt.Appendf(example, "%s\n", rest)
		}
	}
	return example
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
