package taskdef_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/source"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// TestDescribedAsFiles renders each answer of a describing command in testdata/described, and
// holds what is sent and the one note that is told.
func TestDescribedAsFiles(t *testing.T) {
	casetest.Each(t, "testdata/described/*.json", func(t *testing.T, file string) {
		read, in := taskdef.Read, inputs(t)
		if strings.HasSuffix(file, ".service.json") {
			read = taskdef.ReadService
		}
		template, err := read(file, source.Border{})
		if err != nil {
			t.Fatal(casetest.Report(err))
		}
		in.Containers = map[tagboat.ContainerName]tagboat.ImageName{"app": "api"}
		rendered, err := template.Render(in)
		if err != nil {
			t.Fatal(casetest.Report(err))
		}
		var out bytes.Buffer
		if err := json.Indent(&out, rendered.JSON(), "", " "); err != nil {
			t.Fatal(err)
		}
		for _, note := range template.Notes() {
			fmt.Fprintf(&out, "\n%s", casetest.Report(note))
		}
		casetest.Golden(t, file+".golden", out.Bytes())
	})
}

// TestUndefinedVariables says of a Jsonnet file that asks for one how to write it here.
func TestUndefinedVariables(t *testing.T) {
	_, err := taskdef.Parse("a.jsonnet", []byte("{ family: std.extVar('color') }"))
	for name, test := range map[string]struct{ known, want []string }{
		"known":   {[]string{"color", "size"}, []string{"'${vars.color}'", "tagboat.yaml has that variable"}},
		"unknown": {[]string{"colour", "size"}, []string{"vars: {color: [{value: …}]}", "there is colour, size"}},
		"none":    {nil, []string{"vars: {color: [{value: …}]}"}},
	} {
		told := casetest.Report(taskdef.Names{Vars: test.known}.Explain(err))
		for _, want := range test.want {
			if !strings.Contains(told, want) {
				t.Errorf("%s: %s\nsays nothing of %s", name, told, want)
			}
		}
	}
}
