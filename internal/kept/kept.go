// Package kept keeps on disk what one run found out and a later one need not ask for
// again: what can never change, or what costs little where it is wrong. Whatever goes wrong
// makes it forget and nothing else, so a file may be deleted at any time, and any number of
// processes may share a directory.
package kept

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// Read reads the JSON file at path into v, and tells whether that was there.
func Read(path string, v any) bool {
	data, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(data, v) == nil
}

// Write writes v to a JSON file for the user alone, whole or not at all.
func Write(path string, v any) {
	data, err := json.Marshal(v)
	if err != nil || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // with mode 0600
	if err != nil {
		return
	}
	_, err = file.Write(data)
	if closed := file.Close(); err != nil || closed != nil || os.Rename(file.Name(), path) != nil {
		_ = os.Remove(file.Name())
	}
}
