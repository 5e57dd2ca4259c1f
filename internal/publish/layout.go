package publish

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/tagboat/tagboat"
)

// fromLayout reads an OCI layout with one image or one index in it.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
func fromLayout(dir string) (Content, error) {
	if err := sound(dir); err != nil {
		return Content{}, tagboat.Usagef("reading the OCI layout %s: %w", dir, err)
	}
	path, err := layout.FromPath(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Content{}, tagboat.Usagef("%s is not an OCI layout: %w", dir, err).
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

// largestList is how large the list of the images in a layout or an archive may be, in bytes:
// one of one image has some hundred, and is kept in memory many times over.
const largestList = 256 << 10

// sound checks that a layout consists of files, wherever links lead, and that its list of
// images is none without an end. Devices and pipes have no end, or none soon.
func sound(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // a link to nothing is as good as no file
		case err != nil:
			return err
		case !info.IsDir() && !info.Mode().IsRegular():
			return fmt.Errorf("%s is a device or a pipe, not a file", path)
		case filepath.Base(path) == "index.json" && info.Size() > largestList:
			return fmt.Errorf("%s has more than %d KiB, the limit of a list of images", path, largestList>>10)
		}
		return nil
	})
}
