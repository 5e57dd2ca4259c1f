package sandbox_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/sandbox"
)

var update = flag.Bool("update", false, "write the table of operations into docs/sandbox.md")

const (
	page        = "../../docs/sandbox.md"
	tableBegins = "<!-- operations: written by go test ./internal/sandbox -run TestDocumentation -update -->\n"
	tableEnds   = "<!-- end of operations -->\n"
)

func TestDocumentationListsTheOperations(t *testing.T) {
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), tableBegins)
	got, after, ended := strings.Cut(rest, tableEnds)
	if !found || !ended {
		t.Fatalf("%s has no place for the operations", page)
	}
	want := operationsTable(server.Operations())
	if *update {
		if err := os.WriteFile(page, []byte(before+tableBegins+want+tableEnds+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s is out of date, run this test with -update:\n%s", page, diff)
	}
}

func operationsTable(operations map[string][]string) string {
	var table strings.Builder
	table.WriteString("| service | operations |\n| --- | --- |\n")
	for _, service := range slices.Sorted(maps.Keys(operations)) {
		table.WriteString("| " + service + " | " + strings.Join(operations[service], " ") + " |\n")
	}
	return table.String()
}
