package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
)

// documents are what commands print with -o json.
var documents = []struct {
	commands string
	document any
}{
	{"init", tagboat.InitDocument{}},
	{"pins, pin", tagboat.PinsDocument{}},
	{"vars", tagboat.VarsDocument{}},
	{"hold, unhold", tagboat.HoldsDocument{}},
	{"pins --import", tagboat.ImportDocument{}},
	{"plan, deploy --dry-run, rollback --dry-run", tagboat.PlanDocument{}},
	{"deploy, rollback", tagboat.DeployDocument{}},
	{"promote, rollback by release", tagboat.PromotionDocument{}},
	{"watch --once, watch --dry-run", tagboat.WatchDocument{}},
	{"check-rollbacks", tagboat.RollbacksDocument{}},
	{"status", tagboat.StatusDocument{}},
	{"drift", tagboat.DriftDocument{}},
	{"explain", explainDocument{}},
	{"continue", continueDocument{}},
	{"logs", logsDocument{}},
	{"open", openDocument{}},
	{"release create, release show, release reject", tagboat.ReleaseDocument{}},
	{"release list", tagboat.ReleasesDocument{}},
	{"approve", tagboat.ApprovalDocument{}},
	{"release diff, release notes", tagboat.ReleaseDiffDocument{}},
	{"where", tagboat.WhereDocument{}},
	{"why", tagboat.WhyDocument{}},
	{"history", tagboat.HistoryDocument{}},
	{"images", tagboat.ImagesOverview{}},
	{"images IMAGE", tagboat.ImagesDocument{}},
	{"tag", tagboat.TagDocument{}},
	{"publish", tagboat.PublishDocument{}},
	{"login", loginDocument{}},
	{"version", buildInfo{}},
}

var fieldRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\|")

// TestDocumentsOnlyGain holds docs/json.md in step with the types, and that a field which it
// has never goes or becomes something else: other programs are written against them.
func TestDocumentsOnlyGain(t *testing.T) {
	const page = "../../docs/json.md"
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, promised, ok := bytes.Cut(written, []byte("\n---\n"))
	if !ok {
		t.Fatalf("%s has no line --- behind its head", page)
	}
	comments := fieldComments(t)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n---\n", head)
	for _, d := range documents {
		w := pageWriter{comments: comments}
		example := w.object(reflect.TypeOf(d.document), "", 0)
		var indented bytes.Buffer
		if err := json.Indent(&indented, []byte(example), "", "  "); err != nil {
			t.Fatalf("%s: %v in %s", d.commands, err, example)
		}
		fmt.Fprintf(&b, "\n## %s\n\n```json\n%s\n```\n\n| field | is | what it says |\n| --- | --- | --- |\n%s", d.commands, &indented, w.rows.String())
	}
	for section := range strings.SplitSeq(string(promised), "\n## ") {
		name, rest, _ := strings.Cut(section, "\n")
		now := sectionOf(b.String(), name)
		for _, row := range fieldRow.FindAllString(rest, -1) {
			if row != "| `field` | is |" && !strings.Contains(now, row) {
				t.Errorf("the document of %s no longer has %s", name, strings.Trim(row, "| "))
			}
		}
	}
	if t.Failed() {
		return // -update takes nothing away
	}
	casetest.Golden(t, page, []byte(b.String()))
}

func sectionOf(page, name string) string {
	_, rest, _ := strings.Cut(page, "\n## "+name+"\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	return section
}

// pageWriter writes an example of a type, and a row for each of its fields.
type pageWriter struct {
	comments map[string]string
	rows     strings.Builder
}

func (w *pageWriter) object(of reflect.Type, path string, depth int) string {
	var members []string
	for i := range of.NumField() {
		f := of.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			inner := w.object(f.Type, path, depth)
			members = append(members, inner[1:len(inner)-1])
			continue
		case !f.IsExported() || name == "-" || name == "":
			continue
		}
		at := strings.TrimPrefix(path+"."+name, ".")
		fmt.Fprintf(&w.rows, "| `%s` | %s | %s |\n", at, kindOf(f.Type), w.comments[of.Name()+"."+f.Name])
		members = append(members, fmt.Sprintf("%q:%s", name, w.value(f.Type, at, name, depth)))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// value is an example of a field's value.
func (w *pageWriter) value(of reflect.Type, path, name string, depth int) string {
	switch {
	case of == reflect.TypeFor[time.Time]() || of == reflect.TypeFor[*time.Time]():
		return `"2026-11-21T09:35:50Z"`
	case of == reflect.TypeFor[tagboat.Digest]():
		return `"sha256:80b088460eecc1e6b2d7b1a7f7d5e9c3a8e4f0b6c2d8e1f3a5b7c9d0e2f4a6b8"`
	case of.Kind() == reflect.Pointer:
		return w.value(of.Elem(), path, name, depth)
	case of.Kind() == reflect.Slice && depth < 6:
		return "[" + w.value(of.Elem(), path+"[]", name, depth+1) + "]"
	case of.Kind() == reflect.Map && depth < 6:
		return `{"NAME":` + w.value(of.Elem(), path+".NAME", name, depth+1) + "}"
	case of.Kind() == reflect.Struct && depth < 6:
		return w.object(of, path, depth+1)
	case of.Kind() == reflect.Bool:
		return "true"
	case slices.Contains([]reflect.Kind{reflect.Int, reflect.Int64, reflect.Float64}, of.Kind()):
		return "12"
	default:
		return fmt.Sprintf("%q", sample(of.Name(), name))
	}
}

// sample is a word as it would stand in a field.
func sample(kind, name string) string {
	words := map[string]string{
		"EnvName": "prod", "StageName": "prod", "ServiceName": "api", "ImageName": "api", "ContainerName": "app", "Verdict": "succeeded",
		"tag": "1.4.2", "runningTag": "1.4.2", "repository": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/api", "tenant": "mb",
		"parameter": "/containers/prod/shop", "setBy": "arn:aws:iam::111111111111:user/ada", "by": "arn:aws:iam::111111111111:user/ada",
		"message": "release 12", "state": "steady", "taskDefinition": "arn:aws:ecs:eu-west-1:111111111111:task-definition/api:7",
	}
	for _, key := range []string{kind, name} {
		if word := words[key]; word != "" {
			return word
		}
	}
	return "…"
}

func kindOf(of reflect.Type) string {
	switch {
	case of == reflect.TypeFor[time.Time]() || of == reflect.TypeFor[*time.Time]():
		return "time"
	case of.Kind() == reflect.Pointer:
		return kindOf(of.Elem()) + " or null"
	case of.Kind() == reflect.Slice:
		return "list of " + kindOf(of.Elem())
	case of.Kind() == reflect.Map:
		return "map of " + kindOf(of.Elem())
	case of.Kind() == reflect.Struct:
		return "object"
	case of.Kind() == reflect.Bool:
		return "boolean"
	case of.Kind() == reflect.String:
		return "string"
	case of.Kind() == reflect.Interface:
		return "any"
	default:
		return "number"
	}
}

// fieldComments returns what the types' own comments say of their fields, by Type.Field.
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	comments := map[string]string{}
	for _, dir := range []string{"../..", "../delivery", "."} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok {
					return true
				}
				if of, ok := spec.Type.(*ast.StructType); ok {
					for _, f := range of.Fields.List {
						for _, name := range f.Names {
							text := strings.TrimSpace(f.Doc.Text() + f.Comment.Text())
							comments[spec.Name.Name+"."+name.Name] = strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
						}
					}
				}
				return true
			})
		}
	}
	return comments
}
