package registry

import (
	"cmp"
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
	copied := image.clone()
	blob, err := s.blobs.Open(copied.Digest)
	s.mu.RUnlock()
	if err != nil {
		return Image{}, nil, err
	}
	defer blob.Close() //nolint:errcheck // only read from
	data, err := io.ReadAll(blob)
	if err != nil {
		return Image{}, nil, fmt.Errorf("reading manifest %s: %w", copied.Digest, err)
	}
	return copied, data, nil
}

// Pull is Manifest for a client that pulls the image, which is recorded: as
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
	if _, stored, err := s.image(id, Ref{Digest: image.Digest}); err == nil {
		stored.PulledAt = now
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
	var deleted Image
	err := s.remove(id, ref, func(r *repository, image *Image) ([]string, error) {
		deleted = image.clone()
		if ref.Tag != "" && len(image.Tags) > 1 {
			r.untag(ref.Tag)
			return []string{ref.Tag}, nil
		}
		if err := r.remove(image); err != nil {
			return nil, err
		}
		tags := deleted.Tags
		if len(tags) == 0 {
			tags = []string{""}
		}
		return tags, s.release(image.Digest)
	})
	return deleted, err
}

// remove lets do remove something of an image and reports the tags that it returns.
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

// Resolve looks an image up by the reference in a task definition, in any of the
// forms name, name:tag, name@digest and name:tag@digest, where no tag and no digest
// mean latest and a digest wins over a tag. An ECR host names exactly its account
// and region. Any other host, and none, stands for this registry: what a task
// pulls from 127.0.0.1:4510, from another name of the sandbox or from a public
// registry is here if it was pushed here.
//
// The labels are those of the image's config; of an index, of its linux/amd64 child
// or else its first. IsNotFound tells an error for what is not there from one for a
// reference that cannot be read.
func (s *Store) Resolve(reference string) (digest string, configLabels map[string]string, platforms []string, err error) {
	host, name, ref, err := splitReference(reference)
	if err != nil {
		return "", nil, nil, err
	}
	if ref.Digest != "" {
		ref.Tag = ""
	}
	id := RepositoryID{hostScope(host), name}
	if hostScope(host).Account == "" {
		id = s.Locate(name, id.Scope)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(id)
	if err != nil {
		return "", nil, nil, err
	}
	image, err := r.lookup(ref)
	if err != nil {
		return "", nil, nil, err
	}
	return string(image.Digest), r.runnable(image).Labels, r.platforms(image), nil
}

// runnable returns the image that a task would run: of an index, its linux/amd64
// child or else its first, however deep.
func (r *repository) runnable(image *Image) *Image {
	if len(image.Children) == 0 {
		return image
	}
	at := max(0, slices.IndexFunc(image.Children, func(c Child) bool { return c.Platform == "linux/amd64" }))
	return r.runnable(r.images[image.Children[at].Digest])
}

// platforms returns what an image runs on: one entry, or one for each child.
func (r *repository) platforms(image *Image) []string {
	var all []string
	if image.Platform != "" {
		all = append(all, image.Platform)
	}
	for _, c := range image.Children {
		if c.Platform != "" && !slices.Contains(all, c.Platform) {
			all = append(all, c.Platform)
		}
	}
	return all
}

// Image is a manifest in a repository. Those that a Store returns are copies.
type Image struct {
	Digest       Digest            `json:"digest"`
	MediaType    string            `json:"mediaType"`
	ArtifactType string            `json:"artifactType,omitempty"` // that of the manifest, or its config's media type
	ManifestSize int64             `json:"manifestSize"`
	Size         int64             `json:"size"` // bytes of config and layers; the largest child's for an index
	PushedAt     time.Time         `json:"pushedAt"`
	PulledAt     time.Time         `json:"pulledAt,omitzero"` // to within a day, as ECR records it
	Tags         []string          `json:"tags,omitempty"`    // sorted
	Subject      Digest            `json:"subject,omitempty"`
	Children     []Child           `json:"children,omitempty"` // of an index, in its order
	Labels       map[string]string `json:"labels,omitempty"`   // of the config; not to be changed
	Platform     string            `json:"platform,omitempty"` // os/architecture[/variant]
	Annotations  map[string]string `json:"annotations,omitempty"`
	ScannedAt    time.Time         `json:"scannedAt,omitzero"` // when its last scan began; zero where none did

	sequence uint64 // in order of first push in the repository; never used again
}

// Child is an entry of an index.
type Child struct {
	Digest   Digest `json:"digest"`
	Platform string `json:"platform,omitempty"`
}

// Position says where the image stands in its repository's order of first pushes.
func (i *Image) Position() uint64 { return i.sequence }

func (i *Image) clone() Image {
	c := *i
	c.Tags = slices.Clone(i.Tags)
	return c
}

func (i *Image) addTag(tag string) {
	at, found := slices.BinarySearch(i.Tags, tag)
	if !found {
		i.Tags = slices.Insert(i.Tags, at, tag)
	}
}

func (i *Image) dropTag(tag string) {
	if at, found := slices.BinarySearch(i.Tags, tag); found {
		i.Tags = slices.Delete(i.Tags, at, at+1)
	}
}

// pushOrder is a repository's images in order of first push. A place that a deleted
// image leaves stays empty until half of them are, so that neither a page nor a
// deletion costs time in proportion to all images.
type pushOrder struct {
	places []place // by sequence
	empty  int
	last   uint64 // sequence; none is given twice
}

type place struct {
	sequence uint64
	image    *Image // nil where it is gone
}

// add puts an image at the end and gives it its sequence.
func (o *pushOrder) add(image *Image) {
	o.last++
	image.sequence = o.last
	o.places = append(o.places, place{o.last, image})
}

func (o *pushOrder) remove(image *Image) {
	o.places[o.at(image.sequence)].image = nil
	if o.empty++; o.empty > len(o.places)/2 {
		o.places = slices.DeleteFunc(o.places, func(p place) bool { return p.image == nil })
		o.empty = 0
	}
}

// from calls yield with the images from a sequence on until it returns false.
func (o *pushOrder) from(sequence uint64, yield func(*Image) bool) {
	for _, p := range o.places[o.at(sequence):] {
		if p.image != nil && !yield(p.image) {
			return
		}
	}
}

// at returns where a sequence is or would be.
func (o *pushOrder) at(sequence uint64) int {
	at, _ := slices.BinarySearchFunc(o.places, sequence, func(p place, n uint64) int { return cmp.Compare(p.sequence, n) })
	return at
}
