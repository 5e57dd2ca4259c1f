//go:build !unix

package sandbox

import (
	"errors"
	"io/fs"
	"os"
)

// lockFile creates a file that nobody else can create until it is closed. Windows removes no
// file that a process has open, so what can be removed was left by one that has ended.
func lockFile(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errLocked
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, errLocked
	}
	return file, err
}
