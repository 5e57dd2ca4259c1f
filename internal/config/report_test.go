package config_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/source"
)

var update = flag.Bool("update", false, "write the golden files and the schema")

// TestBad loads each file of testdata/bad and holds what a user is told of it.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := config.Load(file)
			if err == nil {
				t.Fatal("no error")
			}
			if kind := tagboat.KindOf(err); kind != tagboat.Usage {
				t.Errorf("kind %v, want Usage", kind)
			}
			golden(t, file+".golden", []byte(report(err)))
		})
	}
}

func TestLoadMissingFile(t *testing.T) {
	_, err := config.Load("nowhere/tagboat.yaml")
	want := "there is no nowhere/tagboat.yaml\n    hint: say where it is with --config FILE; tagboat demo shows one\n"
	if diff := cmp.Diff(want, report(err)); diff != "" {
		t.Error(diff)
	}
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

// golden compares got with the content of a file, and writes it with -update.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not in step (-want +got), run go test with -update:\n%s", file, diff)
	}
}
