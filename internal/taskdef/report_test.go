package taskdef_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/source"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// TestBad reads each file of testdata/bad and holds what a user is told of it.
func TestBad(t *testing.T) {
	casetest.Each(t, "testdata/bad/*", func(t *testing.T, file string) {
		read := taskdef.Read
		if strings.HasSuffix(file, ".service.json") {
			read = taskdef.ReadService
		}
		_, err := read(file, source.Border{})
		if err == nil {
			t.Fatal("no error")
		}
		if kind := tagboat.KindOf(err); kind != tagboat.Usage {
			t.Errorf("kind %v, want Usage", kind)
		}
		casetest.Golden(t, file+".golden", []byte(report(err)))
	})
}

// report prints every error of a tree as a user would see it.
func report(err error) string {
	var out strings.Builder
	for _, err := range source.Errors(err) {
		fmt.Fprintf(&out, "%v\n", err)
		var e *tagboat.Error
		if !errors.As(err, &e) {
			continue
		}
		if e.Where != nil && e.Where.Text != "" {
			fmt.Fprintf(&out, "    %s\n", e.Where.Text)
		}
		if e.Hint != "" {
			fmt.Fprintf(&out, "    hint: %s\n", e.Hint)
		}
	}
	return out.String()
}
