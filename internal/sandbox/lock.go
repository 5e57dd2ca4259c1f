package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// ErrInUse is what New's error wraps where another sandbox uses the directory.
var ErrInUse = errors.New("in use by another sandbox")

// errLocked is what lockFile returns where another process holds the lock.
var errLocked = errors.New("another process holds it")

// lock keeps a directory for one sandbox at a time: two would overwrite each other's state.
// It ends with the process at the latest, however that ends.
type lock struct {
	file *os.File
	over atomic.Bool
}

// lockDir takes the directory's lock. holder describes this sandbox to another one.
func lockDir(dir, holder string) (*lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the sandbox's directory: %w", err)
	}
	file, err := lockFile(filepath.Join(dir, "lock"))
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("%s is %w%s, and two would overwrite each other's state", dir, ErrInUse, heldBy(dir))
	}
	if err != nil {
		return nil, fmt.Errorf("locking the sandbox's directory: %w", err)
	}
	// The lock does not depend on what is written here.
	_ = os.WriteFile(filepath.Join(dir, "holder"), []byte(holder+"\n"), 0o600)
	return &lock{file: file}, nil
}

// heldBy says who holds a directory, as far as it can be read.
func heldBy(dir string) string {
	const longest = 200
	data, err := os.ReadFile(filepath.Join(dir, "holder"))
	if text := strings.TrimSpace(string(data)); err == nil && text != "" && len(text) <= longest {
		return " (" + text + ")"
	}
	return ""
}

// release lets another sandbox have the directory.
func (l *lock) release() error {
	if l.over.Swap(true) {
		return nil
	}
	return l.file.Close()
}

// released reports whether another sandbox may have the directory by now.
func (l *lock) released() bool { return l.over.Load() }
