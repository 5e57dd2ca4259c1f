package api

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/serve/board"
)

// documents are what paths answer: by path and method.
var documents = map[string]any{
	"GET /me": tagboat.PersonDocument{}, "GET /status": tagboat.StatusDocument{}, "GET /services/{environment}/{service}": tagboat.ServiceDocument{},
	"GET /services/{environment}/{service}/rollout": tagboat.RolloutDocument{}, "GET /services/{environment}/{service}/explain": delivery.Explanation{},
	"GET /why/{environment}/{image}": tagboat.WhyDocument{}, "GET /where/{what}": tagboat.WhereDocument{}, "GET /images": tagboat.ImagesOverview{},
	"GET /images/{image}": tagboat.ImagesDocument{}, "GET /releases": tagboat.ReleasesDocument{}, "GET /releases/{release}": tagboat.ReleaseDocument{},
	"GET /releases/{release}/diff": tagboat.ReleaseDiffDocument{}, "GET /history": tagboat.HistoryDocument{}, "POST /plans": tagboat.ActionsDocument{},
	"GET /operations": tagboat.OperationsDocument{}, "POST /operations": tagboat.OperationDocument{}, "GET /operations/{id}": tagboat.OperationDocument{},
}

const (
	page   = "openapi.yaml"
	marker = "    # What follows is written by go test -update, from the types of the documents.\n"
)

// TestSchemas holds the schemas of the description to the documents' types.
func TestSchemas(t *testing.T) {
	head, _, ok := bytes.Cut(description, []byte(marker))
	if !ok {
		t.Fatalf("%s has no line %q", page, marker)
	}
	w := schemas{comments: comments(t), of: map[string]reflect.Type{}}
	for _, d := range documents {
		w.reach(reflect.TypeOf(d))
	}
	for _, d := range []any{tagboat.ErrorDocument{}, tagboat.Action{}, board.Event{}} {
		w.reach(reflect.TypeOf(d))
	}
	var b bytes.Buffer
	b.Write(head)
	b.WriteString(marker)
	names := make([]string, 0, len(w.of))
	for name := range w.of {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		w.write(&b, name, w.of[name])
	}
	casetest.Golden(t, page, b.Bytes())
}

// schemas are those of types, by name.
type schemas struct {
	comments map[string]string
	of       map[string]reflect.Type
}

// reach notes a struct and all structs in it.
func (w *schemas) reach(of reflect.Type) {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		w.reach(of.Elem())
	case reflect.Struct:
		if of == reflect.TypeFor[time.Time]() || w.of[nameOf(of)] != nil {
			return
		}
		w.of[nameOf(of)] = of
		for _, f := range fields(of) {
			w.reach(f.Type)
		}
	}
}

// nameOf returns the name of a type's schema: the board's event is another one than that of the history.
func nameOf(of reflect.Type) string {
	if of == reflect.TypeFor[board.Event]() {
		return "BoardEvent"
	}
	return of.Name()
}

// field is one of a struct, or of one that is embedded in it.
type field struct {
	reflect.StructField
	owner string
}

// fields are those that JSON has, those of embedded structs among them.
func fields(of reflect.Type) []field {
	var all []field
	for f := range of.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			all = append(all, fields(f.Type)...)
		case f.IsExported() && name != "-" && name != "":
			all = append(all, field{f, of.Name()})
		}
	}
	return all
}

func (w *schemas) write(b *bytes.Buffer, name string, of reflect.Type) {
	fmt.Fprintf(b, "    %s:\n      type: object\n", name)
	var required []string
	var rows strings.Builder
	for _, f := range fields(of) {
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !strings.Contains(options, "omitempty") {
			required = append(required, key)
		}
		schema := schemaOf(f.Type)
		if comment := w.comments[f.owner+"."+f.Name]; comment != "" {
			schema = strings.TrimSuffix(schema, "}") + fmt.Sprintf(", description: %q}", comment)
		}
		fmt.Fprintf(&rows, "        %s: %s\n", key, schema)
	}
	if len(required) > 0 {
		fmt.Fprintf(b, "      required: [%s]\n", strings.Join(required, ", "))
	}
	fmt.Fprintf(b, "      properties:\n%s", rows.String())
}

// schemaOf returns the schema of a field's type.
func schemaOf(of reflect.Type) string {
	switch {
	case of == reflect.TypeFor[time.Time]():
		return "{type: string, format: date-time}"
	case of == reflect.TypeFor[tagboat.Digest]():
		return `{type: string, pattern: "^(sha256:[0-9a-f]{64})?$"}`
	}
	switch of.Kind() {
	case reflect.Pointer:
		if of.Elem().Kind() == reflect.Struct && of.Elem() != reflect.TypeFor[time.Time]() {
			return fmt.Sprintf("{anyOf: [%s, {type: \"null\"}]}", schemaOf(of.Elem()))
		}
		return strings.Replace(schemaOf(of.Elem()), "type: string", `type: [string, "null"]`, 1)
	case reflect.Slice:
		return fmt.Sprintf(`{type: [array, "null"], items: %s}`, schemaOf(of.Elem())) // some documents leave a list out that they do not read
	case reflect.Map:
		return fmt.Sprintf("{type: [object, \"null\"], additionalProperties: %s}", schemaOf(of.Elem()))
	case reflect.Struct:
		return fmt.Sprintf(`{$ref: "#/components/schemas/%s"}`, nameOf(of))
	case reflect.Bool:
		return "{type: boolean}"
	case reflect.String:
		return "{type: string}"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "{type: integer}"
	case reflect.Interface:
		return "{}"
	default:
		return "{type: number}"
	}
}

// comments are those of the documents' fields, by Type.Field.
func comments(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, dir := range []string{"../../..", "../../delivery", "../board"} {
		for _, file := range expect.Value(filepath.Glob(filepath.Join(dir, "*.go")))(t) {
			parsed := expect.Value(parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments))(t)
			ast.Inspect(parsed, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok {
					return true
				}
				if of, ok := spec.Type.(*ast.StructType); ok {
					for _, f := range of.Fields.List {
						for _, name := range f.Names {
							all[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()+f.Comment.Text()), " ")
						}
					}
				}
				return true
			})
		}
	}
	return all
}

// descriptionOf is the description as far as it is held to the handlers.
type descriptionOf struct {
	Paths      map[string]map[string]operation `yaml:"paths"`
	Components struct {
		Parameters map[string]parameter `yaml:"parameters"`
		Responses  map[string]any       `yaml:"responses"`
		Schemas    map[string]any       `yaml:"schemas"`
	} `yaml:"components"`
}

type operation struct {
	ID         string              `yaml:"operationId"`
	Parameters []ref               `yaml:"parameters"`
	Responses  map[string]response `yaml:"responses"`
	Body       *response           `yaml:"requestBody"`
}

type ref struct {
	Ref string `yaml:"$ref"`
}

type parameter struct {
	Name string `yaml:"name"`
	In   string `yaml:"in"`
}

type response struct {
	Ref     string `yaml:"$ref"`
	Content map[string]struct {
		Schema ref `yaml:"schema"`
	} `yaml:"content"`
}

var pathParameter = regexp.MustCompile(`{(\w+)}`)

// TestTheDescriptionIsTrue holds paths, methods, parameters, statuses and documents of the description to
// the handlers, both ways.
func TestTheDescriptionIsTrue(t *testing.T) {
	var d descriptionOf
	expect.OK(t, yaml.Unmarshal(description, &d))
	got, want := map[string]string{}, map[string]string{}
	for path, methods := range d.Paths {
		for method, o := range methods {
			got[strings.ToUpper(method)+" "+path] = o.summary(d)
		}
	}
	for _, r := range routes() {
		want[r.method+" "+r.path] = summary(r)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range regexp.MustCompile(`\$ref: "#/components/(\w+)/(\w+)"`).FindAllStringSubmatch(string(description), -1) {
		known := map[string]bool{"schemas": d.Components.Schemas[name[2]] != nil, "responses": d.Components.Responses[name[2]] != nil, "parameters": d.Components.Parameters[name[2]].Name != ""}
		if !known[name[1]] {
			t.Errorf("%s refers to %s, which it does not have", page, name[0])
		}
	}
}

// summary is what the description says of an operation, in a line.
func (o operation) summary(d descriptionOf) string {
	var params, statuses []string
	for _, p := range o.Parameters {
		is := d.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")]
		params = append(params, is.In+" "+is.Name)
	}
	document := ""
	for status, r := range o.Responses {
		statuses = append(statuses, status)
		for kind, content := range r.Content {
			document = kind + " " + strings.TrimPrefix(content.Schema.Ref, "#/components/schemas/")
		}
	}
	slices.Sort(params)
	slices.Sort(statuses)
	return fmt.Sprintf("%v %v %v %s", params, statuses, o.Body != nil, document)
}

// summary is what a route does, in the same line.
func summary(r route) string {
	var params []string
	for _, name := range pathParameter.FindAllStringSubmatch(r.path, -1) {
		params = append(params, "path "+name[1])
	}
	for _, name := range r.query {
		params = append(params, "query "+name)
	}
	gives, document := typeJSON, ""
	if r.gives != "" {
		gives = r.gives
	}
	if d, ok := documents[r.method+" "+r.path]; ok {
		document = reflect.TypeOf(d).Name()
	}
	slices.Sort(params)
	return fmt.Sprintf("%v %v %v %s %s", params, statusesOf(r), r.method == http.MethodPost, gives, document)
}

// statusesOf are all statuses that a route answers with.
func statusesOf(r route) []string {
	all := []string{"200", "400", "401", "403", "406", "429", "500", "503"}
	if strings.Contains(r.path, "{") {
		all = append(all, "404")
	}
	if r.method == http.MethodPost {
		all = append(all, "409", "413", "415")
	}
	switch r.method + " " + r.path {
	case "POST /operations":
		all[0] = "202"
	case "GET /status", "GET /openapi.yaml":
		all = append(all, "304")
	}
	slices.Sort(all)
	return all
}
