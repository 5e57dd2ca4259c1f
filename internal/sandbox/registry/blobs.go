package registry

import "io"

// Blobs holds bytes under their digests. All methods may be called at once.
type Blobs interface {
	// Stage opens a place to write to; nothing is visible until it is committed.
	Stage() (Staged, error)
	// Open returns a blob's bytes. It must return an error wrapping fs.ErrNotExist
	// where there is none. What was opened stays readable after Remove.
	Open(d Digest) (Blob, error)
	// Remove forgets a blob; one that is not there is no error.
	Remove(d Digest) error
}

// Blob is the open content of a blob, to be closed by whoever opened it.
type Blob interface {
	io.ReadSeeker
	io.Closer
}

// Staged is content on its way in. Exactly one of Commit and Discard ends it.
type Staged interface {
	io.Writer
	// Commit makes what was written visible, whole, under d. The caller has made
	// sure that it hashes to d.
	Commit(d Digest) error
	// Discard forgets what was written.
	Discard() error
}
