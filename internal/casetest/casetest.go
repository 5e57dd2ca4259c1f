// Package casetest runs tests whose cases are files, so that adding a case needs no Go.
// The flag -update of go test writes what is expected into them.
package casetest

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

var update = flag.Bool("update", false, "write what is expected into cases and golden files")

// Each runs a subtest for every path that the pattern matches, golden files apart. The
// subtest has the path's base name, or its directory's where the pattern names one file of
// each directory. It is fatal if nothing matches.
func Each(t *testing.T, pattern string, test func(t *testing.T, path string)) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases %s: %v", pattern, err)
	}
	for _, path := range paths {
		name := filepath.Base(path)
		if name == filepath.Base(pattern) {
			name = filepath.Base(filepath.Dir(path))
		}
		if !strings.HasSuffix(path, ".golden") {
			t.Run(strings.TrimSuffix(name, ".txtar"), func(t *testing.T) { test(t, path) })
		}
	}
}

// Golden compares got with the content of a file, or writes it there with -update.
func Golden(t testing.TB, file string, got []byte) {
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

// Case is an archive of text files, the last of which, want, has the expected output. The
// text before the first file may say what the case is about.
type Case struct {
	*txtar.Archive
	path string
}

// Archives runs a subtest for each archive *.txtar of a directory. The test returns the
// output of the case, which must be what its file want has.
func Archives(t *testing.T, dir string, test func(t *testing.T, c Case) string) {
	t.Helper()
	Each(t, filepath.Join(dir, "*.txtar"), func(t *testing.T, path string) {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c := Case{archive, path}
		c.check(t, test(t, c))
	})
}

// File returns the content of a file, and false where the case has no such file.
func (c Case) File(name string) ([]byte, bool) {
	for _, f := range c.Files {
		if f.Name == name {
			return f.Data, true
		}
	}
	return nil, false
}

// Lines returns the lines of a file that have text, or nil where there is no such file.
func (c Case) Lines(name string) []string {
	data, _ := c.File(name)
	var lines []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func (c Case) check(t *testing.T, got string) {
	t.Helper()
	want, ok := c.File("want")
	switch {
	case *update:
		c.Files = slices.DeleteFunc(c.Files, func(f txtar.File) bool { return f.Name == "want" })
		c.Files = append(c.Files, txtar.File{Name: "want", Data: []byte(got)})
		if err := os.WriteFile(c.path, txtar.Format(c.Archive), 0o644); err != nil {
			t.Fatal(err)
		}
	case !ok:
		t.Fatalf("%s has no file want: run go test with -update, and read what it writes", c.path)
	case string(want) != got:
		t.Errorf("%s (-want +got):\n%s", c.path, cmp.Diff(string(want), got))
	}
}

// Report returns every error of a tree as a user would see it.
func Report(err error) string {
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
