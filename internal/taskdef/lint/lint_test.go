package lint_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/source"
	"github.com/tagboat/tagboat/internal/taskdef"
	"github.com/tagboat/tagboat/internal/taskdef/lint"
)

// TestCases holds what is found in each file of testdata. A case is an archive with a task
// definition (task.json, .yaml or .jsonnet), a service (service.json, …), or both, what of the
// service ECS has (running.json), and what is found in them (want). Its first lines may say
// "exists", "settled", "registered", "inuse", or
// "image CONTAINER REFERENCE". A case in which nothing is found has an empty want.
func TestCases(t *testing.T) {
	casetest.Archives(t, "testdata", func(t *testing.T, c casetest.Case) string {
		var given lint.Files
		for _, f := range c.Files {
			switch kind, _, _ := strings.Cut(f.Name, "."); kind {
			case "task":
				given.Task = tree(t, f, taskdef.Parse)
			case "service":
				given.Service = tree(t, f, taskdef.ParseService)
			case "running":
				given.Running, given.Exists = tree(t, f, taskdef.ParseService), true
			case "want":
			default:
				t.Fatalf("%s is no file of a case", f.Name)
			}
		}
		said(t, &given, string(c.Comment))
		return report(lint.Check(given))
	})
}

// tree reads a file as the product does, so that no case is about what is refused before.
func tree(t *testing.T, f txtar.File, read func(string, []byte) (*taskdef.Template, error)) *source.Node {
	t.Helper()
	if _, err := read(f.Name, f.Data); err != nil {
		t.Fatal(err)
	}
	root, err := source.Parse(f.Name, f.Data)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func said(t *testing.T, given *lint.Files, comment string) {
	t.Helper()
	given.Images = map[tagboat.ContainerName]tagboat.Reference{}
	for line := range strings.Lines(comment) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(line, "#"):
		case words[0] == "image" && len(words) == 3:
			ref, err := tagboat.ParseReference(words[2])
			if err != nil {
				t.Fatal(err)
			}
			given.Images[tagboat.ContainerName(words[1])] = ref
		default:
			given.Exists = given.Exists || slices.Contains(words, "exists")
			given.Settled = given.Settled || slices.Contains(words, "settled")
			given.InUse = given.InUse || slices.Contains(words, "inuse")
			given.Registered = given.Registered || slices.Contains(words, "registered")
		}
	}
}

// report prints findings as a person sees them.
func report(found []lint.Finding) string {
	var out strings.Builder
	for _, f := range found {
		kind := "error"
		if f.Warning {
			kind = "warning"
		}
		fmt.Fprintf(&out, "%s: %v\n", kind, f.Err)
		if f.Err.Hint != "" {
			fmt.Fprintf(&out, "    hint: %s\n", f.Err.Hint)
		}
	}
	return out.String()
}
