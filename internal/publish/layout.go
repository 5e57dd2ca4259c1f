package publish

import (
	"errors"
	"io/fs"

	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/tagboat/tagboat"
)

// fromLayout reads an OCI layout with one image or one index in it.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
func fromLayout(dir string) (Content, error) {
	path, err := layout.FromPath(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Content{}, tagboat.Usagef("%s is no OCI layout: %w", dir, err).
			WithHint("an OCI layout is a directory with index.json and blobs, as skopeo copy … oci:DIR makes it")
	}
	if err != nil {
		return Content{}, tagboat.Usagef("reading the OCI layout %s: %w", dir, err)
	}
	root, err := path.ImageIndex()
	if err != nil {
		return Content{}, tagboat.Usagef("reading the OCI layout %s: %w", dir, err)
	}
	list, err := root.IndexManifest()
	if err != nil {
		return Content{}, tagboat.Usagef("reading the OCI layout %s: %w", dir, err)
	}
	if len(list.Manifests) != 1 {
		return Content{}, tagboat.Usagef("the OCI layout %s has %d images, and one belongs there", dir, len(list.Manifests)).
			WithHint("copy the one that is meant into a layout of its own: skopeo copy oci:%s:NAME oci:DIR", dir)
	}
	one := list.Manifests[0]
	if one.MediaType.IsIndex() {
		index, err := root.ImageIndex(one.Digest)
		if err != nil {
			return Content{}, tagboat.Usagef("reading the OCI layout %s: %w", dir, err)
		}
		return contentOfIndex(index)
	}
	image, err := root.Image(one.Digest)
	if err != nil {
		return Content{}, tagboat.Usagef("reading the OCI layout %s: %w", dir, err)
	}
	return contentOf(image)
}
