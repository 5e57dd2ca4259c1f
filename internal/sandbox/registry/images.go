package registry

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// Image returns an image, or an *Error of kind RepositoryUnknown, ManifestUnknown or
// TagMismatch.
func (s *Store) Image(id RepositoryID, ref Ref) (Image, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, image, err := s.image(id, ref)
	if err != nil {
		return Image{}, err
	}
	return image.clone(), nil
}

func (s *Store) image(id RepositoryID, ref Ref) (*repository, *Image, error) {
	r, err := s.find(id)
	if err != nil {
		return nil, nil, err
	}
	image, err := r.lookup(ref)
	return r, image, err
}

// Images calls yield with every image whose position is at or after from, in order
// of first push, until yield returns false. The Image is lent for the call only, and
// yield must not call the Store.
func (s *Store) Images(id RepositoryID, from uint64, yield func(*Image) bool) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(id)
	if err != nil {
		return err
	}
	r.order.from(from, yield)
	return nil
}

// Manifest returns an image and the bytes of its manifest.
func (s *Store) Manifest(id RepositoryID, ref Ref) (Image, []byte, error) {
	s.mu.RLock()
	_, image, err := s.image(id, ref)
	if err != nil {
		s.mu.RUnlock()
		return Image{}, nil, err
	}
	found := image.clone()
	blob, err := s.blobs.Open(found.Digest)
	s.mu.RUnlock()
	if err != nil {
		return Image{}, nil, err
	}
	defer blob.Close() //nolint:errcheck // only read from
	data, err := io.ReadAll(blob)
	if err != nil {
		return Image{}, nil, fmt.Errorf("reading manifest %s: %w", found.Digest, err)
	}
	return found, data, nil
}

// Pull is Manifest for somebody who goes on to pull the image, which is recorded: as
// ECR does it, once in 24 hours.
func (s *Store) Pull(id RepositoryID, ref Ref) (Image, []byte, error) {
	image, data, err := s.Manifest(id, ref)
	now := s.clock.Now()
	if err != nil || now.Sub(image.PulledAt) < 24*time.Hour {
		return image, data, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// It may have been deleted meanwhile, and then nothing is recorded.
	if _, kept, err := s.image(id, Ref{Digest: image.Digest}); err == nil {
		kept.PulledAt = now
	}
	return image, data, nil
}

// Referrers returns the images whose subject is d, in order of first push.
func (s *Store) Referrers(id RepositoryID, d Digest) ([]Image, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	var all []Image
	for _, image := range r.referrers[d] {
		all = append(all, image.clone())
	}
	return all, nil
}

// tagPage returns up to limit tags of a repository after last, and whether there
// are more.
func (s *Store) tagPage(id RepositoryID, last string, limit int) ([]string, bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(id)
	if err != nil {
		return nil, false, err
	}
	tags, more := r.tagNames.page(last, limit)
	return tags, more, nil
}

// DeleteTag takes a tag off its image, which stays.
func (s *Store) DeleteTag(id RepositoryID, tag string) error {
	return s.remove(id, Ref{Tag: tag}, func(r *repository, _ *Image) ([]string, error) {
		r.untag(tag)
		return []string{tag}, nil
	})
}

// DeleteImage removes an image as ECR does: by digest with all of its tags; by tag
// the tag alone, but the image with its last one. An image that an index holds
// cannot go: the *Error is of kind ManifestReferenced. It returns what the image was.
func (s *Store) DeleteImage(id RepositoryID, ref Ref) (Image, error) {
	var was Image
	err := s.remove(id, ref, func(r *repository, image *Image) ([]string, error) {
		was = image.clone()
		if ref.Tag != "" && len(image.Tags) > 1 {
			r.untag(ref.Tag)
			return []string{ref.Tag}, nil
		}
		if err := r.remove(image); err != nil {
			return nil, err
		}
		tags := was.Tags
		if len(tags) == 0 {
			tags = []string{""}
		}
		return tags, s.release(image.Digest)
	})
	return was, err
}

// remove lets do remove something of an image and tells of the tags that it returns.
func (s *Store) remove(id RepositoryID, ref Ref, do func(*repository, *Image) ([]string, error)) error {
	s.mu.Lock()
	r, image, err := s.image(id, ref)
	var tags []string
	if err == nil {
		tags, err = do(r, image)
	}
	hooks := slices.Clone(s.onDelete)
	s.mu.Unlock()
	for _, tag := range tags {
		tell(hooks, Event{RepositoryID: id, Tag: tag, Digest: image.Digest, At: s.clock.Now()})
	}
	return err
}

// MarkScanned notes that a scan of an image begins, unless before says that it may not.
func (s *Store) MarkScanned(id RepositoryID, ref Ref, at time.Time, before func(Image) error) (Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, image, err := s.image(id, ref)
	if err == nil {
		err = before(image.clone())
	}
	if err != nil {
		return Image{}, err
	}
	image.ScannedAt = at
	return image.clone(), nil
}
