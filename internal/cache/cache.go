// Package cache keeps on disk what one run learned, so that a later one need not ask for it:
// what never changes, or costs little if it is wrong. An error makes it forget and has no
// other effect, so a file may be deleted at any time, and any number of processes may share a
// directory.
package cache

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	// age is how long a file stays that nobody reads.
	age = 30 * 24 * time.Hour
	// often is how often a directory is searched for old files, and the accuracy of when a
	// file was read.
	often = 24 * time.Hour
	// mark is the file whose time is that of the last search.
	mark = ".pruned"
)

// Dir is a directory of files, which has what was read within the last month. The
// zero value keeps nothing. It is safe for concurrent use.
type Dir string

// Read reads the JSON file of that name into v, and reports whether that was there.
func (d Dir) Read(name string, v any) bool {
	if d == "" {
		return false
	}
	path := filepath.Join(string(d), name)
	data, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(data, v) != nil {
		return false
	}
	now := time.Now()
	if info, err := os.Stat(path); err == nil && now.Sub(info.ModTime()) > often {
		_ = os.Chtimes(path, now, now) // else it goes a little earlier
	}
	return true
}

// Write writes v to a JSON file for the user alone, whole or not at all.
func (d Dir) Write(name string, v any) {
	if d == "" {
		return
	}
	path := filepath.Join(string(d), name)
	data, err := json.Marshal(v)
	if err != nil || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	d.prune(time.Now())
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // with mode 0600
	if err != nil {
		return
	}
	_, err = file.Write(data)
	if closed := file.Close(); err != nil || closed != nil || os.Rename(file.Name(), path) != nil {
		_ = os.Remove(file.Name())
	}
}

// Remove forgets a file, if it is there.
func (d Dir) Remove(name string) {
	if d != "" {
		_ = os.Remove(filepath.Join(string(d), name))
	}
}

// prune removes what was not read for long, and what a killed process left unfinished, once
// a day. Directories that have been empty for a day go, too.
func (d Dir) prune(now time.Time) {
	marked := filepath.Join(string(d), mark)
	if info, err := os.Stat(marked); err == nil && now.Sub(info.ModTime()) < often && !info.ModTime().After(now) {
		return
	}
	if os.WriteFile(marked, nil, 0o600) != nil || os.Chtimes(marked, now, now) != nil {
		return
	}
	var dirs []string
	_ = filepath.WalkDir(string(d), func(path string, entry fs.DirEntry, unreadable error) error {
		if unreadable != nil || path == string(d) {
			return nil //nolint:nilerr // what cannot be read stays
		}
		switch {
		case entry.IsDir():
			if info, err := entry.Info(); err == nil && now.Sub(info.ModTime()) > often { // nobody is just filling it
				dirs = append(dirs, path)
			}
		case path != marked:
			if info, err := entry.Info(); err == nil && now.Sub(info.ModTime()) > age {
				_ = os.Remove(path)
			}
		}
		return nil
	})
	for i := len(dirs) - 1; i >= 0; i-- { // those below come after those above
		_ = os.Remove(dirs[i]) // which fails where there is something in it
	}
}
