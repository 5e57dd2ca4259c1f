package taskdef_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// TestBad reads each file of testdata/bad and holds what a user is told of it.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".golden") {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			read := taskdef.Read
			if strings.HasSuffix(file, ".service.json") {
				read = taskdef.ReadService
			}
			_, err := read(file)
			if err == nil {
				t.Fatal("no error")
			}
			if kind := tagboat.KindOf(err); kind != tagboat.Usage {
				t.Errorf("kind %v, want Usage", kind)
			}
			golden(t, file+".golden", []byte(report(err)))
		})
	}
	if _, err := os.Stat("testdata/bad/misspelt.json.golden"); err != nil {
		t.Error(err)
	}
}

// report prints every error of a tree as a user would see it.
func report(err error) string {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out strings.Builder
		for _, err := range joined.Unwrap() {
			out.WriteString(report(err))
		}
		return out.String()
	}
	out := fmt.Sprintf("%v\n", err)
	var e *tagboat.Error
	if !errors.As(err, &e) {
		return out
	}
	if e.Where != nil && e.Where.Text != "" {
		out += fmt.Sprintf("    %s\n", e.Where.Text)
	}
	if e.Hint != "" {
		out += fmt.Sprintf("    hint: %s\n", e.Hint)
	}
	return out
}
