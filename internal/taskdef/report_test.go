package taskdef_test

import (
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
		casetest.Golden(t, file+".golden", []byte(casetest.Report(err)))
	})
}
