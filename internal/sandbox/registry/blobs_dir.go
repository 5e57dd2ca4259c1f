package registry

import (
	"fmt"
	"os"
	"path/filepath"
)

// Dir is Blobs in a directory, laid out as an OCI image layout has them:
// blobs/sha256/HEX. A blob is written beside them, in uploads, and renamed into
// place, so that a name never shows part of a blob.
type Dir struct{ root string }

// OpenDir makes the directory where it does not exist, and clears away what writes
// that never ended have left.
func OpenDir(root string) (*Dir, error) {
	d := &Dir{root: root}
	if err := os.RemoveAll(d.uploads()); err != nil {
		return nil, fmt.Errorf("clearing unfinished uploads: %w", err)
	}
	for _, dir := range []string{d.uploads(), filepath.Join(root, "blobs", "sha256")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("making a directory for blobs: %w", err)
		}
	}
	return d, nil
}

// Stage opens a file in uploads.
func (d *Dir) Stage() (Staged, error) {
	f, err := os.CreateTemp(d.uploads(), "")
	if err != nil {
		return nil, fmt.Errorf("staging a blob: %w", err)
	}
	return &dirStaged{File: f, dir: d}, nil
}

// Open opens a blob's file.
func (d *Dir) Open(digest Digest) (Blob, error) {
	f, err := os.Open(d.path(digest))
	if err != nil {
		return nil, fmt.Errorf("opening blob %s: %w", digest, err)
	}
	return f, nil
}

// Remove deletes a blob's file.
func (d *Dir) Remove(digest Digest) error {
	if err := os.Remove(d.path(digest)); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("removing blob %s: %w", digest, err)
	}
	return nil
}

func (d *Dir) uploads() string { return filepath.Join(d.root, "uploads") }

func (d *Dir) path(digest Digest) string {
	return filepath.Join(d.root, "blobs", "sha256", digest.Hex())
}

type dirStaged struct {
	*os.File
	dir *Dir
}

// Commit renames the file into place.
func (s *dirStaged) Commit(d Digest) error {
	if err := s.Close(); err != nil {
		return fmt.Errorf("closing blob %s: %w", d, err)
	}
	if err := os.Rename(s.Name(), s.dir.path(d)); err != nil {
		return fmt.Errorf("committing blob %s: %w", d, err)
	}
	return nil
}

// Discard deletes the file.
func (s *dirStaged) Discard() error {
	_ = s.Close() // a Commit that failed may have closed it
	return os.Remove(s.Name())
}

var _ Blobs = (*Dir)(nil)
