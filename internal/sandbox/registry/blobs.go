package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
)

// Digest is a content address: sha256: and 64 lower-case hex digits.
type Digest string

var digestPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^sha256:[0-9a-f]{64}$`) })

// ParseDigest returns s as a Digest, or an *Error of kind DigestInvalid.
func ParseDigest(s string) (Digest, error) {
	if !digestPattern().MatchString(s) {
		return "", faultf(DigestInvalid, "%q is not a sha256 digest", s)
	}
	return Digest(s), nil
}

// DigestOf returns the address of data.
func DigestOf(data []byte) Digest {
	sum := sha256.Sum256(data)
	return sumDigest(sum[:])
}

// Hex returns the part after sha256:.
func (d Digest) Hex() string { return string(d)[len("sha256:"):] }

func sumDigest(sum []byte) Digest { return Digest("sha256:" + hex.EncodeToString(sum)) }

// Blobs holds bytes under their digests. It is safe for concurrent use.
type Blobs interface {
	// Stage opens a place to write to; nothing is visible until it is committed.
	Stage() (Staging, error)
	// Open returns a blob's bytes. It must return an error wrapping fs.ErrNotExist
	// where there is none. What was opened stays readable after Remove.
	Open(d Digest) (Blob, error)
	// Remove forgets a blob; one that is not there is no error.
	Remove(d Digest) error
}

// Blob is the open content of a blob, to be closed by its opener.
type Blob interface {
	io.ReadSeeker
	io.Closer
}

// Staging is content on its way in. Exactly one of Commit and Discard ends it.
type Staging interface {
	io.Writer
	// Commit makes what was written visible, whole, under d. The caller has made
	// sure that it hashes to d.
	Commit(d Digest) error
	// Discard forgets what was written.
	Discard() error
}

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
func (d *Dir) Stage() (Staging, error) {
	f, err := os.CreateTemp(d.uploads(), "")
	if err != nil {
		return nil, fmt.Errorf("staging a blob: %w", err)
	}
	return &dirStaging{File: f, dir: d}, nil
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

type dirStaging struct {
	*os.File
	dir *Dir
}

// Commit renames the file into place.
func (s *dirStaging) Commit(d Digest) error {
	if err := s.Close(); err != nil {
		return fmt.Errorf("closing blob %s: %w", d, err)
	}
	if err := os.Rename(s.Name(), s.dir.path(d)); err != nil {
		return fmt.Errorf("committing blob %s: %w", d, err)
	}
	return nil
}

// Discard deletes the file.
func (s *dirStaging) Discard() error {
	_ = s.Close() // a Commit that failed may have closed it
	return os.Remove(s.Name())
}

var _ Blobs = (*Dir)(nil)

// Memory is Blobs that last as long as the process.
type Memory struct {
	mu    sync.RWMutex
	blobs map[Digest][]byte
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return &Memory{blobs: map[Digest][]byte{}} }

// Stage opens a buffer.
func (m *Memory) Stage() (Staging, error) { return &memoryStaging{memory: m}, nil }

// Open returns a reader over the bytes, which never change.
func (m *Memory) Open(d Digest) (Blob, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	data, ok := m.blobs[d]
	if !ok {
		return nil, fmt.Errorf("opening blob %s: %w", d, fs.ErrNotExist)
	}
	return memoryBlob{bytes.NewReader(data)}, nil
}

// Remove forgets a blob.
func (m *Memory) Remove(d Digest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.blobs, d)
	return nil
}

type memoryBlob struct{ *bytes.Reader }

// Close does nothing.
func (memoryBlob) Close() error { return nil }

type memoryStaging struct {
	bytes.Buffer
	memory *Memory
}

// Commit keeps a copy, as long as the content and not as the buffer.
func (s *memoryStaging) Commit(d Digest) error {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	s.memory.blobs[d] = bytes.Clone(s.Bytes())
	return nil
}

// Discard does nothing: the buffer is garbage.
func (s *memoryStaging) Discard() error { return nil }

var _ Blobs = (*Memory)(nil)
