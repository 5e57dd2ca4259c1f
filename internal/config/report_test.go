package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/source"
)

// TestBad loads each file of testdata/bad and holds what a user is told of it.
func TestBad(t *testing.T) {
	casetest.Each(t, "testdata/bad/*.yaml", func(t *testing.T, file string) {
		_, err := config.Load(file)
		if err == nil {
			t.Fatal("no error")
		}
		if kind := tagboat.KindOf(err); kind != tagboat.Usage {
			t.Errorf("kind %v, want Usage", kind)
		}
		casetest.Golden(t, file+".golden", []byte(report(err)))
	})
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
