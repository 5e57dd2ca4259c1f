package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Put is a manifest to push.
type Put struct {
	Manifest  []byte
	MediaType string // "" where the manifest names its own
	Tag       string // "" pushes without one
	Digest    Digest // what the client expects it to hash to; "" where it does not say
}

// PutManifest pushes a manifest, into a repository that is made where there is none,
// unless Options.Created is set: then the *Error is of kind RepositoryUnknown.
// changed is false where image and tag were there already, as they are now. What
// the manifest names has to be there: an *Error of kind LayersMissing or
// ImagesMissing names what is not.
func (s *Store) PutManifest(id RepositoryID, put Put) (image Image, changed bool, err error) {
	m, err := parseManifest(put.Manifest, put.MediaType)
	if err != nil {
		return Image{}, false, err
	}
	digest := DigestOf(put.Manifest)
	if put.Digest != "" && put.Digest != digest {
		return Image{}, false, faultf(DigestInvalid,
			"The image with digest '%s' in repository '%s' and registry ID '%s' does not match the image digest that Amazon ECR has calculated.",
			put.Digest, id.Name, id.Account)
	}
	s.mu.Lock()
	image, did, err := s.put(id, m, digest, put)
	hooks := slices.Clone(s.onPush)
	s.mu.Unlock()
	if did != nothing {
		tell(hooks, Event{RepositoryID: id, Tag: put.Tag, Digest: digest, New: did == added, At: s.clock.Now()})
	}
	return image, did != nothing, err
}

// effect is what a push did.
type effect int

const (
	nothing effect = iota
	tagged         // an image that was there
	added          // an image
)

func (s *Store) put(id RepositoryID, m *manifest, digest Digest, put Put) (Image, effect, error) {
	if err := s.pushable(id); err != nil {
		return Image{}, nothing, err
	}
	r := s.repositories[id]
	if r == nil {
		// It is kept only if the push succeeds.
		r = newRepository(id, s.clock.Now(), Settings{})
	}
	if err := r.admit(m, put.Tag); err != nil {
		return Image{}, nothing, err
	}
	image, known := r.images[digest]
	if known && (put.Tag == "" || r.tags[put.Tag] == image) {
		return image.clone(), nothing, nil
	}
	did := tagged
	if !known {
		if err := s.store(digest, put.Manifest); err != nil {
			return Image{}, nothing, err
		}
		did = added
		image = s.describe(r, m, digest, len(put.Manifest))
		r.insert(image)
		s.hold(digest)
	}
	s.repositories[id] = r
	if put.Tag != "" {
		if err := r.tag(image, put.Tag); err != nil {
			return Image{}, nothing, err
		}
	}
	return image.clone(), did, nil
}

// admit checks what a manifest needs of the repository that it is pushed to.
func (r *repository) admit(m *manifest, tag string) error {
	if r.tags[tag] != nil && !r.mayMove(tag) {
		return faultf(TagImmutable,
			"The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the tag is immutable.", tag, r.Name)
	}
	layers := missing(m.blobs(), func(d Digest) bool { _, ok := r.blobs[d]; return ok })
	if len(layers) > 0 {
		return r.missing(LayersMissing, "Layers", layers)
	}
	images := missing(m.Manifests, func(d Digest) bool { return r.images[d] != nil })
	if len(images) > 0 {
		return r.missing(ImagesMissing, "Images", images)
	}
	return nil
}

func (r *repository) missing(kind Kind, what string, digests []Digest) error {
	names := make([]string, len(digests))
	for i, d := range digests {
		names[i] = string(d)
	}
	err := faultf(kind, "%s with digests '[%s]' required for pushing image into repository with name '%s' in the registry with id '%s' do not exist",
		what, strings.Join(names, ", "), r.Name, r.Account)
	err.Digests = digests
	return err
}

// missing returns what of descriptors is not there, each once.
func missing(descriptors []descriptor, there func(Digest) bool) []Digest {
	var digests []Digest
	for _, d := range descriptors {
		if !d.foreign() && !there(d.Digest) && !slices.Contains(digests, d.Digest) {
			digests = append(digests, d.Digest)
		}
	}
	return digests
}

// describe makes the record of a manifest that was admitted.
func (s *Store) describe(r *repository, m *manifest, digest Digest, size int) *Image {
	labels, runsOn := s.readConfig(m)
	image := &Image{
		Digest:       digest,
		MediaType:    m.MediaType,
		ArtifactType: m.artifactType(),
		ManifestSize: int64(size),
		PushedAt:     s.clock.Now(),
		Labels:       labels,
		Platform:     runsOn,
		Annotations:  m.Annotations,
	}
	if r.ScanOnPush && len(m.Manifests) == 0 {
		image.ScannedAt = image.PushedAt
	}
	if m.Subject != nil {
		image.Subject = m.Subject.Digest
	}
	for _, d := range m.blobs() {
		image.Size += d.Size
	}
	for _, d := range m.Manifests {
		child := r.images[d.Digest]
		image.Size = max(image.Size, child.Size)
		image.Children = append(image.Children, Child{Digest: d.Digest, Platform: childPlatform(d, child)})
	}
	return image
}

// childPlatform prefers what the index says to what the child's config does.
func childPlatform(d descriptor, child *Image) string {
	if d.Platform != nil {
		return d.Platform.String()
	}
	return child.Platform
}

// store keeps a manifest's bytes among the blobs.
func (s *Store) store(d Digest, data []byte) error {
	staged, err := s.blobs.Stage()
	if err != nil {
		return err
	}
	if _, err := staged.Write(data); err != nil {
		return errors.Join(fmt.Errorf("writing manifest %s: %w", d, err), staged.Discard())
	}
	return staged.Commit(d)
}
