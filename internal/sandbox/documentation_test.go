package sandbox_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/ecs"
)

const page = "../../docs/sandbox.md"

func TestDocumentationSaysWhatIsThere(t *testing.T) {
	server := expect.Value(sandbox.New(sandbox.Config{}))(t)
	for section, want := range map[string]string{
		"operations": operationsTable(server.Operations()),
		"ignored":    ignoredTable(ecs.Ignored()),
	} {
		t.Run(section, func(t *testing.T) { checkSection(t, section, want) })
	}
}

// checkSection compares what the page has between the marks of a section.
func checkSection(t *testing.T, section, want string) {
	begins := "<!-- " + section + ": written by go test ./internal/sandbox -run TestDocumentation -update -->\n"
	ends := "<!-- end of " + section + " -->\n"
	data := expect.Value(os.ReadFile(page))(t)
	before, rest, found := strings.Cut(string(data), begins)
	got, after, ended := strings.Cut(rest, ends)
	if !found || !ended {
		t.Fatalf("%s has no place for %s", page, section)
	}
	if flag.Lookup("update").Value.String() == "true" { // which package casetest has
		expect.OK(t, os.WriteFile(page, []byte(before+begins+want+ends+after), 0o600))
		return
	}
	expect.EqualIn(t, fmt.Sprintf("%s is out of date, run this test with -update", page), want, got)
}

func operationsTable(operations map[string][]string) string {
	return table("service", "operations", operations, " ")
}

func ignoredTable(members map[string][]string) string {
	return table("operation", "members", members, "; ")
}

func table(left, right string, rows map[string][]string, separator string) string {
	var table strings.Builder
	table.WriteString("| " + left + " | " + right + " |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		table.WriteString("| " + name + " | " + strings.Join(rows[name], separator) + " |\n")
	}
	return table.String()
}
