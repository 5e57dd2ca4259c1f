package taskdef_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// FuzzRender reads and renders whatever comes: nothing panics, every error is a
// user's to mend and has a file, and what is rendered has each image by digest and
// equals itself after a round trip through JSON.
func FuzzRender(f *testing.F) {
	files, err := filepath.Glob("testdata/bad/*on")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "testdata/web.taskdef.json") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "#f00")
	}
	f.Add([]byte(`{"family":"a","containerDefinitions":[{"name":"app","command":["$${a} ${vars.color}"]}]}`), "${vars.color}")
	f.Fuzz(func(t *testing.T, data []byte, color string) {
		color = strings.ToValidUTF8(color, "?")
		template, err := taskdef.Parse("x.json", data)
		if err != nil {
			checkErrors(t, err)
			return
		}
		in := taskdef.Inputs{
			Vars:       map[string]any{"color": color, "cpu": json.Number("256"), "appCpu": json.Number("1"), "essential": true, "args": []any{color}},
			Env:        map[string]string{"name": "dev", "stage": "dev", "tenant": "", "account": "1", "region": "r", "cluster": "c"},
			Images:     map[tagboat.ImageName]tagboat.Reference{"api": {Host: "h.example", Repository: "api", Tag: "1", Digest: digestA}},
			Containers: map[tagboat.ContainerName]tagboat.ImageName{},
		}
		for _, c := range taskdef.Containers(template) {
			in.Containers[c.Name] = "api"
		}
		d, err := template.Render(in)
		if err != nil {
			checkErrors(t, err)
			return
		}
		for name, digest := range d.Digests() {
			if digest == "" {
				t.Errorf("the container %q has no digest", name)
			}
		}
		again, err := taskdef.FromJSON(d.JSON())
		if err != nil || !taskdef.Equal(d, again) {
			t.Errorf("%s does not survive JSON: %v", d.JSON(), err)
		}
	})
}

func checkErrors(t *testing.T, err error) {
	t.Helper()
	for _, err := range source.Errors(err) {
		var e *tagboat.Error
		if !errors.As(err, &e) || e.Kind != tagboat.Usage || e.Where == nil || e.Where.File == "" {
			t.Errorf("the error has no place: %#v", err)
		}
	}
}

// FuzzPlaceholder: a string without ${ is rendered as it is, and one in which every
// ${ is written $${ is rendered as it was.
func FuzzPlaceholder(f *testing.F) {
	for _, s := range []string{"plain", "${vars.x}", "$${x}", "a ${", "$$${x}", "${vars.x} ${env.name}", "$"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		escaped, err := json.Marshal(strings.ReplaceAll(s, "${", "$${"))
		if err != nil {
			t.Fatal(err)
		}
		template, err := taskdef.ParseService("s.json", []byte(`{"platformVersion":`+string(escaped)+`}`))
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		d, err := template.Render(taskdef.Inputs{})
		if err != nil || d.Text("platformVersion") != s {
			t.Errorf("%q became %q: %v", s, d.Text("platformVersion"), err)
		}
	})
}

// FuzzDiff: comparing any two objects does not panic, and there is a diff just where
// they are not equal.
func FuzzDiff(f *testing.F) {
	f.Add([]byte(`{"containerDefinitions":[{"name":"a","environment":[{"name":"A","value":"1"}]}]}`), []byte(`{"tags":[{"key":"a"},{}],"cpu":1e2}`))
	service, err := os.ReadFile("testdata/services/ec2/answer.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"a":[{"name":"0"},{"name":"0"},{}]}`), service)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x, errX := taskdef.FromJSON(a)
		y, errY := taskdef.FromJSON(b)
		if errX != nil || errY != nil {
			return
		}
		if !taskdef.Equal(x, x) || taskdef.Diff(x, x) != "" {
			t.Errorf("%s is not equal to itself", a)
		}
		if taskdef.Equal(x, y) != (taskdef.Diff(y, x) == "") || taskdef.Hash(x) == taskdef.Hash(y) && !taskdef.Equal(x, y) {
			t.Errorf("Equal, Diff and Hash do not agree on %s and %s", a, b)
		}
		if sent, _ := taskdef.Input(x); !taskdef.Equal(sent, sent) || !taskdef.Equal(sent, x) {
			t.Errorf("what registers %s again is not equal to it: %s", a, sent.JSON())
		}
		if _, _, err := taskdef.ServiceChanges(x, b); err != nil && tagboat.KindOf(err) != tagboat.Usage {
			t.Errorf("comparing the service %s with %s: %v", a, b, err)
		}
	})
}
