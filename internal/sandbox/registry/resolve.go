package registry

import "slices"

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
