package publish

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/tagboat/tagboat"
)

// fromArchive reads what docker save writes, or an OCI layout in a tar, such as docker
// buildx build --output type=oci writes it.
func fromArchive(file, dir string) (Content, error) {
	names, err := entries(file)
	if err != nil {
		return Content{}, tagboat.Usagef("reading the archive %s: %w", file, err).WithHint("docker save -o %s IMAGE writes one", filepath.Base(file))
	}
	switch {
	case slices.Contains(names, "manifest.json"):
		image, err := tarball.ImageFromPath(file, nil)
		if err != nil {
			return Content{}, tagboat.Usagef("reading the archive %s: %w", file, err).WithHint("save one image alone: docker save -o %s IMAGE", filepath.Base(file))
		}
		return contentOf(image)
	case slices.Contains(names, "oci-layout"):
		into := filepath.Join(dir, "layout")
		if err := unpack(file, into); err != nil {
			return Content{}, fmt.Errorf("unpacking %s: %w", file, err)
		}
		return fromLayout(into)
	default:
		return Content{}, tagboat.Usagef("the archive %s has no image: neither manifest.json nor oci-layout", file).
			WithHint("docker save -o %s IMAGE writes one, and docker export does not", filepath.Base(file))
	}
}

// entries lists the names in an archive.
func entries(file string) ([]string, error) {
	// Opening a pipe waits for who writes to it, so it is looked at before.
	if info, err := os.Stat(file); err != nil {
		return nil, err
	} else if !info.IsDir() && !info.Mode().IsRegular() {
		return nil, errors.New("it is a device or a pipe, not a file")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read from
	var names []string
	for archive := tar.NewReader(f); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		name := path.Clean(header.Name)
		if (name == "manifest.json" || name == "index.json") && header.Size > largestList {
			return nil, fmt.Errorf("its %s has more than %d KiB, the limit of a list of images", name, largestList>>10)
		}
		names = append(names, name)
	}
}

// unpack writes the files of an archive into a new directory, and nothing outside of it.
func unpack(file, into string) error {
	if err := os.Mkdir(into, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(into)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // only a handle
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read from
	for archive := tar.NewReader(f); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if err := write(root, path.Clean(header.Name), archive); err != nil {
			return err
		}
	}
}

func write(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Close())
}
