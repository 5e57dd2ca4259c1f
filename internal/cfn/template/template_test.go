package template_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/cfn/template"
	"github.com/tagboat/tagboat/internal/expect"
)

const stackID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop-prod/0b5c"

// TestCases holds what is read of each template of testdata. A case has
//
//	template  in JSON or YAML
//	known     what is known of the stack, a line each: parameter KEY VALUE, physical LOGICAL ID,
//	          attribute LOGICAL.NAME VALUE, dynamic REFERENCE VALUE
//	want      the services, and the containers of the task definitions with their sources
func TestCases(t *testing.T) {
	casetest.Archives(t, "testdata", func(t *testing.T, c casetest.Case) string {
		body, known := "", ""
		for _, f := range c.Files {
			switch f.Name {
			case "template":
				body = string(f.Data)
			case "known":
				known = string(f.Data)
			}
		}
		read, err := template.Read(body)
		if err != nil {
			return casetest.Report(err)
		}
		return told(read, inputs(t, known))
	})
}

func inputs(t *testing.T, known string) template.Inputs {
	stack := cfn.Stack{ID: stackID, Name: "shop-prod"}
	var resources []cfn.Resource
	answers := map[string]string{}
	for line := range strings.Lines(known) {
		kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		name, value, ok := strings.Cut(rest, " ")
		switch {
		case !ok:
			t.Fatalf("the line %q has no value", line)
		case kind == "parameter":
			stack.Parameters = append(stack.Parameters, cfn.Parameter{Key: name, Value: value})
		case kind == "physical":
			resources = append(resources, cfn.Resource{Logical: name, Physical: value})
		default:
			answers[kind+" "+name] = value
		}
	}
	in := template.InputsOf(stack, resources)
	in.Attribute = func(logical, attribute string) (string, bool) {
		v, is := answers["attribute "+logical+"."+attribute]
		return v, is
	}
	in.Dynamic = func(r template.Reference) (string, bool) {
		v, is := answers["dynamic "+r.String()]
		return v, is
	}
	return in
}

func told(t *template.Template, in template.Inputs) string {
	var out strings.Builder
	if len(t.Transforms) > 0 {
		fmt.Fprintln(&out, "transforms", strings.Join(t.Transforms, ", "))
	}
	for _, s := range t.Services(in) {
		fmt.Fprintf(&out, "service %s%s: name %s, cluster %s, uses ", s.Logical, when(s.Condition), text(s.Name), text(s.Cluster))
		if s.TaskDefinition != "" {
			fmt.Fprint(&out, s.TaskDefinition)
		} else {
			fmt.Fprint(&out, "another: ", text(s.Literal))
		}
		switch {
		case s.DesiredCount != nil:
			fmt.Fprintf(&out, ", count %d", *s.DesiredCount)
		case s.SetsCount:
			fmt.Fprint(&out, ", count unknown")
		}
		fmt.Fprintln(&out)
	}
	for _, d := range t.TaskDefinitions(in) {
		fmt.Fprintf(&out, "task definition %s%s: family %s\n", d.Logical, when(d.Condition), text(d.Family))
		for _, c := range d.Containers {
			i := c.Image
			fmt.Fprintf(&out, "  %s%s: %s\n", text(c.Name), when(c.When), text(template.Text{Value: i.Value, Known: i.Known}))
			for _, s := range i.Sources {
				fmt.Fprintf(&out, "    from %s\n", s)
			}
			if i.Refused != "" {
				fmt.Fprintf(&out, "    refused: %s\n", i.Refused)
			}
		}
	}
	return out.String()
}

func when(condition string) string {
	if condition == "" {
		return ""
	}
	return " where " + condition
}

func text(t template.Text) string {
	switch {
	case t.Known:
		return t.Value
	case t.Value == "":
		return "-"
	default:
		return "unknown " + t.Value
	}
}

// What Tagboat generates, Tagboat reads: no container comes from anything unreadable.
func TestOwnTemplates(t *testing.T) {
	casetest.Each(t, "../../generate/testdata/*.yaml", func(t *testing.T, path string) {
		read := expect.Value(template.Read(string(expect.Value(os.ReadFile(path))(t))))(t)
		for _, d := range read.TaskDefinitions(template.Inputs{}) {
			for _, c := range d.Containers {
				if len(c.Image.Sources) == 0 || len(c.Image.From(template.Unreadable)) > 0 {
					t.Errorf("%s: the image of %s comes from %v", filepath.Base(path), c.Name.Value, c.Image.Sources)
				}
			}
		}
	})
}

// FuzzRead: no template ends the process, or takes long, and what is known of nothing is literal.
func FuzzRead(f *testing.F) {
	paths := expect.Value(filepath.Glob("testdata/*.txtar"))(f)
	for _, path := range paths {
		_, body, _ := strings.Cut(string(expect.Value(os.ReadFile(path))(f)), "-- template --\n")
		body, _, _ = strings.Cut(body, "\n-- ")
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		read, err := template.Read(body)
		if err != nil {
			return
		}
		read.Services(template.Inputs{})
		for _, d := range read.TaskDefinitions(template.Inputs{}) {
			for _, c := range d.Containers {
				if c.Image.Known && c.Image.Value != "" && len(c.Image.From(template.Plain)) > 0 && len(c.Image.Sources) == 1 && !strings.Contains(body, "If") {
					t.Errorf("%q is known, and comes from %v", c.Image.Value, c.Image.Sources)
				}
			}
		}
	})
}
