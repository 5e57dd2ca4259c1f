package config_test

import (
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
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
		casetest.Golden(t, file+".golden", []byte(casetest.Report(err)))
	})
}

func TestLoadMissingFile(t *testing.T) {
	_, err := config.Load("nowhere/tagboat.yaml")
	want := "there is no nowhere/tagboat.yaml\n    hint: say where it is with --config FILE; tagboat init writes one\n"
	expect.Equal(t, want, casetest.Report(err))
}
