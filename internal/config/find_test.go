package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

func TestFind(t *testing.T) {
	tests := []struct {
		name  string
		files []string
		want  string // path from a/b, or what its error says
	}{
		{"here", []string{"a/b/tagboat.yaml", "a/tagboat.yaml"}, "tagboat.yaml"},
		{"above", []string{"a/tagboat.yaml", "tagboat.yml"}, "../tagboat.yaml"},
		{"two above, with the other ending", []string{"tagboat.yml"}, "../../tagboat.yml"},
		{"both", []string{"a/tagboat.yaml", "a/tagboat.yml"}, "there are both ../tagboat.yaml and ../tagboat.yml"},
		{"the root of the repository", []string{"a/.git/HEAD", "a/tagboat.yaml"}, "../tagboat.yaml"},
		{"above a work tree", []string{"a/.git", "tagboat.yaml"}, "there is no tagboat.yaml here, nor in a directory above"},
		{"above the repository", []string{"a/b/.git/HEAD", "a/tagboat.yaml"}, "there is no tagboat.yaml here, nor in a directory above"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			top := t.TempDir()
			for _, file := range append(test.files, "a/b/here") {
				path := filepath.Join(top, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Chdir(filepath.Join(top, "a", "b"))
			got, err := config.Find(".")
			if err != nil && (tagboat.KindOf(err) != tagboat.Usage || tagboat.HintOf(err) == "" || !strings.HasPrefix(err.Error(), test.want)) {
				t.Errorf("the error %v, want %s", err, test.want)
			}
			if err == nil && got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}
