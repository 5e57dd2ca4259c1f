package registry

import (
	"bytes"
	"fmt"
	"io/fs"
	"sync"
)

// Memory is Blobs that last as long as the process.
type Memory struct {
	mu    sync.RWMutex
	blobs map[Digest][]byte
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return &Memory{blobs: map[Digest][]byte{}} }

// Stage opens a buffer.
func (m *Memory) Stage() (Staged, error) { return &memoryStaged{memory: m}, nil }

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

type memoryStaged struct {
	bytes.Buffer
	memory *Memory
}

// Commit keeps a copy, as long as the content and not as the buffer.
func (s *memoryStaged) Commit(d Digest) error {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	s.memory.blobs[d] = bytes.Clone(s.Bytes())
	return nil
}

// Discard does nothing: the buffer is garbage.
func (s *memoryStaged) Discard() error { return nil }

var _ Blobs = (*Memory)(nil)
