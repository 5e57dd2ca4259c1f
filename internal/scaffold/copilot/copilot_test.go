package copilot_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/scaffold/copilot"
)

// TestCases reads what archives have: records, a directory copilot/, stacks (a line each: NAME,
// STATUS and tags), and templates of workloads with their parameters.
func TestCases(t *testing.T) {
	casetest.Archives(t, "testdata/cases", func(t *testing.T, c casetest.Case) string {
		out := map[string]any{}
		if data, ok := c.File("records.json"); ok {
			values := map[string]json.RawMessage{}
			expect.OK(t, json.Unmarshal(data, &values))
			texts := map[string]string{}
			for name, value := range values {
				texts[name] = string(value)
			}
			out["records"] = copilot.ReadRegistry("shop", texts)
		}
		directory := fstest.MapFS{}
		for _, f := range c.Files {
			if name, ok := strings.CutPrefix(f.Name, "copilot/"); ok {
				directory[name] = &fstest.MapFile{Data: f.Data}
			}
		}
		if len(directory) > 0 {
			read, err := copilot.ReadDirectory(directory)
			for i := range read.Manifests {
				read.Manifests[i].Text = ""
			}
			out["directory"] = read
			if err != nil {
				out["directory"] = casetest.Report(err)
			}
		}
		if lines := c.Lines("stacks"); lines != nil {
			out["stacks"] = sorted(copilot.Sort("shop", stacks(lines)))
		}
		if body, ok := c.File("template.yml"); ok {
			s := cfn.Stack{Name: "shop-test-web", ID: "arn:aws:cloudformation:us-east-1:123456789012:stack/shop-test-web/1"}
			for _, line := range c.Lines("parameters") {
				key, value, _ := strings.Cut(line, "=")
				s.Parameters = append(s.Parameters, cfn.Parameter{Key: key, Value: value})
			}
			w, err := copilot.ReadWorkload(s, string(body))
			w.Manifest = strings.TrimSpace(w.Manifest)
			out["workload"] = w
			if err != nil {
				out["workload"] = casetest.Report(err)
			}
			if why := w.Type.Why(); why != "" {
				out["why"] = why
			}
		}
		text := expect.Value(json.MarshalIndent(out, "", "  "))(t)
		return string(text) + "\n"
	})
}

// stacks reads stacks, each in a line.
func stacks(lines []string) []cfn.Stack {
	var all []cfn.Stack
	for _, line := range lines {
		words := strings.Fields(line)
		s := cfn.Stack{Name: words[0], Status: words[1], Tags: map[string]string{}}
		for _, word := range words[2:] {
			key, value, _ := strings.Cut(word, "=")
			if key == "parent" {
				s.Parent = value
			}
			s.Tags["copilot-"+key] = value
		}
		all = append(all, s)
	}
	return all
}

// sorted is what was found, in words.
func sorted(s copilot.Stacks) map[string][]string {
	out := map[string][]string{"pipelines": s.Pipelines, "tasks": s.Tasks}
	for name, stack := range s.Environments {
		out["environments"] = append(out["environments"], name+" "+stack.Name)
	}
	slices.Sort(out["environments"])
	for kind, list := range map[string][]copilot.Stack{"workloads": s.Workloads, "addons": s.Addons} {
		for _, one := range list {
			out[kind] = append(out[kind], strings.TrimSpace(fmt.Sprintf("%s/%s %s %s", one.Environment, one.Workload, one.Name, copilot.Empty(one.Stack))))
		}
	}
	return out
}

// TestNamed finds the names of applications in the names of their records.
func TestNamed(t *testing.T) {
	got := copilot.Named([]string{"/copilot/applications/shop", "/copilot/applications/shop/environments/test", "/copilot/applications/a-b", "/other", "/copilot/applications/"})
	if diff := cmp.Diff([]string{"a-b", "shop"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzReadManifest: any text is read or refused, and says what it is.
func FuzzReadManifest(f *testing.F) {
	for _, path := range expect.Value(filepath.Glob("../testdata/copilot/directory/*/manifest.yml"))(f) {
		f.Add(string(expect.Value(os.ReadFile(path))(f)))
	}
	f.Add("name: &n web\ntype: *n\nenvironments: [test]\nimage: {build: }\nsidecars: 5\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := copilot.ReadManifest("manifest.yml", text)
		if err == nil && (m.Name == "" || m.Type == "" || !m.Same(text) || m.Type.Why() == "" && m.Type != copilot.LoadBalanced && m.Type != copilot.Backend && m.Type != copilot.Worker) {
			t.Errorf("%+v", m)
		}
	})
}
