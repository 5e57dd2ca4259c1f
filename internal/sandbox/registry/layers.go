package registry

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
