package config

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/tagboat/tagboat"
)

// Find returns the path of the configuration, tagboat.yaml or tagboat.yml, in a directory or
// in the nearest one above that has one: up to the root of the repository, or of the file
// system where the directory is in no repository. The error is of kind Usage.
func Find(dir string) (string, error) {
	at, err := filepath.Abs(dir)
	if err == nil {
		at, err = filepath.EvalSymlinks(at) // as the system understands ..
	}
	if err != nil {
		return "", tagboat.Errorf(tagboat.Usage, "looking for tagboat.yaml: %w", err)
	}
	for {
		switch found := configurations(dir); {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			return "", tagboat.Usagef("there are both %s", strings.Join(found, " and ")).WithHint("remove one of them, or say which is meant with --config FILE")
		}
		if exists(filepath.Join(at, ".git")) || filepath.Dir(at) == at {
			return "", tagboat.Usagef("there is no tagboat.yaml here, nor in a directory above up to %s", at).
				WithHint("say where it is with --config FILE; tagboat init writes one")
		}
		at, dir = filepath.Dir(at), filepath.Join(dir, "..")
	}
}

// configurations returns the files in a directory that are named like a configuration.
func configurations(dir string) []string {
	var found []string
	for _, name := range []string{"tagboat.yaml", "tagboat.yml"} {
		if path := filepath.Join(dir, name); exists(path) {
			found = append(found, path)
		}
	}
	return found
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
