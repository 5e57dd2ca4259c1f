package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/source"
)

// FuzzParse: nothing panics, every error is a user's to mend and has a file, and a
// file without errors answers every question.
func FuzzParse(f *testing.F) {
	files := expect.Value(filepath.Glob("testdata/*/*.yaml"))(f)
	for _, file := range files {
		data := expect.Value(os.ReadFile(file))(f)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse("testdata/shop/tagboat.yaml", data)
		for _, err := range source.Errors(err) {
			var e *tagboat.Error
			if !errors.As(err, &e) || e.Kind != tagboat.Usage || e.Where == nil || e.Where.File == "" {
				t.Errorf("the error has no place: %#v", err)
			}
		}
		if err != nil {
			return
		}
		for _, env := range c.SortedEnvironments() {
			for _, g := range c.Ledger.Groups {
				if c.ParameterName(env, g) == "" {
					t.Errorf("the group %s has no parameter in %s", g.Name, env.Name)
				}
			}
			for name := range c.Services {
				c.VarsFor(env, name)
			}
		}
		for name := range c.Images {
			if c.Images[name].Repository.Host == "" {
				t.Errorf("the image %s has no host", name)
			}
		}
	})
}
