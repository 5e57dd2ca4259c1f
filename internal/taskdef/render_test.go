package taskdef_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/source"
	"github.com/tagboat/tagboat/internal/taskdef"
)

const (
	digestA = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	digestB = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func reference(t *testing.T, s string) tagboat.Reference {
	t.Helper()
	ref, err := tagboat.ParseReference(s)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func inputs(t *testing.T) taskdef.Inputs {
	return taskdef.Inputs{
		Vars: map[string]any{
			"cpu": json.Number("256"), "appCpu": json.Number("128"), "essential": true,
			"color": "#f00", "args": []any{"-c", "x"},
		},
		Env: map[string]string{
			"name": "dev", "stage": "dev", "tenant": "", "account": "111111111111", "region": "eu-west-1", "cluster": "dev",
		},
		Images: map[tagboat.ImageName]tagboat.Reference{
			"api":   reference(t, "reg.example:5000/shop/api:1.4.2@"+digestA),
			"proxy": reference(t, "reg.example:5000/shop/proxy@"+digestB),
		},
		Revisions:  map[tagboat.ImageName]string{"api": "0123abc"},
		Containers: map[tagboat.ContainerName]tagboat.ImageName{"app": "api"},
		Places:     map[tagboat.ContainerName]tagboat.Position{"app": {File: "tagboat.yaml", Line: 7, Column: 20}},
	}
}

func TestRender(t *testing.T) {
	template, err := taskdef.Read("testdata/web.taskdef.json", source.Border{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := template.Render(inputs(t))
	if err != nil {
		t.Fatal(casetest.Report(err))
	}
	var indented map[string]any
	if err := json.Unmarshal(d.JSON(), &indented); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(indented, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	casetest.Golden(t, "testdata/web.rendered.golden", append(out, '\n'))
}

func TestRenderErrors(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*taskdef.Inputs)
	}{
		{"no-such-variable", func(in *taskdef.Inputs) { delete(in.Vars, "color"); in.Vars["colour"] = "#f00" }},
		{"a-string-where-a-number-belongs", func(in *taskdef.Inputs) { in.Vars["appCpu"] = "128" }},
		{"a-map-where-a-string-belongs", func(in *taskdef.Inputs) { in.Vars["color"] = map[string]any{"r": json.Number("255")} }},
		{"a-fraction-where-a-whole-number-belongs", func(in *taskdef.Inputs) { in.Vars["appCpu"] = json.Number("0.5") }},
		{"a-string-where-a-list-belongs", func(in *taskdef.Inputs) { in.Vars["args"] = "-c x" }},
		{"no-account", func(in *taskdef.Inputs) { in.Env["account"] = "" }},
		{"no-such-property", func(in *taskdef.Inputs) { delete(in.Env, "stage") }},
		{"not-pinned", func(in *taskdef.Inputs) { in.Images = nil }},
		{"pinned-by-tag-alone", func(in *taskdef.Inputs) {
			in.Images["api"] = tagboat.Reference{Repository: "shop/api", Tag: "1"}
		}},
		{"no-image-for-a-container", func(in *taskdef.Inputs) { in.Containers = nil }},
		{"no-such-container", func(in *taskdef.Inputs) {
			in.Containers["aap"] = "api"
			in.Places["aap"] = tagboat.Position{File: "tagboat.yaml", Line: 8, Column: 20}
		}},
		{"two-images-for-a-container", func(in *taskdef.Inputs) { in.Containers["envoy"] = "api" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			template, err := taskdef.Read("testdata/web.taskdef.json", source.Border{})
			if err != nil {
				t.Fatal(err)
			}
			in := inputs(t)
			in.Containers, in.Places = maps.Clone(in.Containers), maps.Clone(in.Places)
			tc.change(&in)
			_, err = template.Render(in)
			if err == nil {
				t.Fatal("no error")
			}
			casetest.Golden(t, "testdata/render/"+tc.name+".golden", []byte(casetest.Report(err)))
		})
	}
}

func TestCheckNames(t *testing.T) {
	template, err := taskdef.Read("testdata/web.taskdef.json", source.Border{})
	if err != nil {
		t.Fatal(err)
	}
	err = template.Check(taskdef.Names{
		Vars:   []string{"cpu", "essential", "appCpus", "colors", "args"},
		Env:    []string{"name", "stage", "tenant", "account"},
		Images: []tagboat.ImageName{"api"},
	})
	casetest.Golden(t, "testdata/names.golden", []byte(casetest.Report(err)))
}

func TestPlaceholdersInService(t *testing.T) {
	template, err := taskdef.ParseService("api.service.yaml", []byte(`
desiredCount: ${vars.count}
launchType: ${vars.launch}
networkConfiguration:
  awsvpcConfiguration: {subnets: "${vars.subnets}", assignPublicIp: ENABLED}
`))
	if err != nil {
		t.Fatal(casetest.Report(err))
	}
	d, err := template.Render(taskdef.Inputs{Vars: map[string]any{
		"count": json.Number("2"), "launch": "FARGATE", "subnets": []any{"subnet-1", "subnet-2"},
	}})
	if err != nil {
		t.Fatal(casetest.Report(err))
	}
	want := `{"desiredCount":2,"launchType":"FARGATE","networkConfiguration":{"awsvpcConfiguration":{"assignPublicIp":"ENABLED","subnets":["subnet-1","subnet-2"]}}}`
	if diff := cmp.Diff(want, string(d.JSON())); diff != "" {
		t.Error(diff)
	}
}

func TestPlace(t *testing.T) {
	template, err := taskdef.Read("testdata/web.taskdef.json", source.Border{})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"cpu":                                   "testdata/web.taskdef.json:5:3",
		"containerDefinitions app portMappings": "testdata/web.taskdef.json:14:7",
		"containerDefinitions 1 user":           "testdata/web.taskdef.json:22:71",
		"containerDefinitions envoy nothing":    "testdata/web.taskdef.json:22:5",
	} {
		if got := template.Place(strings.Fields(path)...).String(); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
