package registry

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
)

// Upload names an upload: the repository that its bytes go to, and a key.
type Upload struct {
	Repository string
	Key        string
}

// upload is a blob on its way in. Its lock keeps chunks apart; the Store's is not
// held while bytes arrive.
type upload struct {
	id RepositoryID

	mu     sync.Mutex
	staged Staging
	hash   hash.Hash
	size   int64
	ended  bool
}

// StartUpload opens an upload to a repository, which need not exist before the
// upload ends unless Options.Created is set, and returns its name. Uploads do not outlive the process.
func (s *Store) StartUpload(id RepositoryID) (Upload, error) {
	s.mu.RLock()
	err := s.pushable(id)
	s.mu.RUnlock()
	if err != nil {
		return Upload{}, err
	}
	staged, err := s.blobs.Stage()
	if err != nil {
		return Upload{}, err
	}
	key := Upload{id.Name, newUploadKey()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploads[key] = &upload{id: id, staged: staged, hash: sha256.New()}
	return key, nil
}

func newUploadKey() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails: https://pkg.go.dev/crypto/rand#Read
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Append adds a chunk that begins at offset, or wherever the last one ended if
// offset is negative, and returns the size so far. What arrived of a chunk that
// broke off stays, so that a client can go on from there. The *Error is of kind
// UploadUnknown or RangeInvalid.
func (s *Store) Append(key Upload, offset int64, chunk io.Reader) (int64, error) {
	u, err := s.upload(key)
	if err != nil {
		return 0, err
	}
	defer u.mu.Unlock()
	if offset >= 0 && offset != u.size {
		err := faultf(RangeInvalid, "the chunk begins at %d and the upload ends at %d", offset, u.size)
		err.Offset = u.size
		return u.size, err
	}
	// The hash goes first: bytes that fail to be stored then spoil it, and what is
	// stored can never be less than what was hashed.
	n, err := io.Copy(io.MultiWriter(u.hash, u.staged), chunk)
	u.size += n
	if err != nil {
		return u.size, fmt.Errorf("receiving a chunk: %w", err)
	}
	return u.size, nil
}

// UploadSize returns how many bytes of an upload have arrived.
func (s *Store) UploadSize(key Upload) (int64, error) {
	u, err := s.upload(key)
	if err != nil {
		return 0, err
	}
	defer u.mu.Unlock()
	return u.size, nil
}

// Finish ends an upload and makes what arrived a blob of its repository, if it
// hashes to want. Otherwise the upload is over and the *Error of kind DigestInvalid.
func (s *Store) Finish(key Upload, want Digest) (RepositoryID, error) {
	u, err := s.upload(key)
	if err != nil {
		return RepositoryID{}, err
	}
	defer u.mu.Unlock()
	s.forget(key, u)
	if got := sumDigest(u.hash.Sum(nil)); got != want {
		err := faultf(DigestInvalid, "the content hashes to %s, not to %s", got, want)
		return u.id, errors.Join(err, u.staged.Discard())
	}
	// Under the lock, so that the last other holder cannot release the blob in between.
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := u.staged.Commit(want); err != nil {
		return u.id, err
	}
	s.link(u.id, want, u.size)
	return u.id, nil
}

// Cancel ends an upload and forgets what arrived.
func (s *Store) Cancel(key Upload) error {
	u, err := s.upload(key)
	if err != nil {
		return err
	}
	defer u.mu.Unlock()
	s.forget(key, u)
	return u.staged.Discard()
}

// upload returns an upload, locked.
func (s *Store) upload(key Upload) (*upload, error) {
	s.mu.RLock()
	u := s.uploads[key]
	s.mu.RUnlock()
	if u != nil {
		u.mu.Lock()
		if !u.ended {
			return u, nil
		}
		u.mu.Unlock()
	}
	return nil, faultf(UploadUnknown, "The upload with id '%s' does not exist", key.Key)
}

func (s *Store) forget(key Upload, u *upload) {
	u.ended = true
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.uploads, key)
}

// BlobSize returns the size of a blob of a repository, or an *Error of kind
// RepositoryUnknown or BlobUnknown.
func (s *Store) BlobSize(id RepositoryID, d Digest) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(id)
	if err != nil {
		return 0, err
	}
	return r.blobSize(d)
}

func (r *repository) blobSize(d Digest) (int64, error) {
	size, ok := r.blobs[d]
	if !ok {
		return 0, faultf(BlobUnknown, "The layer with digest %s does not exist within the repository with name '%s' in the registry with id '%s'", d, r.Name, r.Account)
	}
	return size, nil
}

// OpenBlob returns the bytes of a blob of a repository; the caller closes it.
func (s *Store) OpenBlob(id RepositoryID, d Digest) (Blob, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	if _, err := r.blobSize(d); err != nil {
		return nil, err
	}
	return s.blobs.Open(d)
}

// DeleteBlob takes a blob out of a repository, even one that an image needs.
func (s *Store) DeleteBlob(id RepositoryID, d Digest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(id)
	if err != nil {
		return err
	}
	if _, err := r.blobSize(d); err != nil {
		return err
	}
	delete(r.blobs, d)
	return s.release(d)
}

// Mount makes a blob of one repository one of another's too, without a copy.
func (s *Store) Mount(from, to RepositoryID, d Digest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	source, err := s.find(from)
	if err != nil {
		return err
	}
	size, err := source.blobSize(d)
	if err != nil {
		return err
	}
	if err := s.pushable(to); err != nil {
		return err
	}
	s.link(to, d, size)
	return nil
}

// link notes that a repository has a blob. The caller holds the lock for writing.
func (s *Store) link(id RepositoryID, d Digest, size int64) {
	r := s.findOrCreate(id)
	if _, ok := r.blobs[d]; !ok {
		r.blobs[d] = size
		s.hold(d)
	}
}
