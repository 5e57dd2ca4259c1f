package publish

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/tagboat/tagboat"
)

// fromDirectory makes an image of the files of a directory: one layer on nothing, for
// linux/amd64, which is what ECS runs where a task definition does not say. What runs in it
// is for the task definition to say. Equal files make an equal image, whenever they were
// written and by whom. dir is for the layer.
func fromDirectory(name string, labels map[string]string, dir string) (Content, error) {
	file := filepath.Join(dir, "files.tar")
	if err := pack(name, file); err != nil {
		return Content{}, err
	}
	layer, err := tarball.LayerFromFile(file, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return Content{}, fmt.Errorf("making a layer of %s: %w", name, err)
	}
	base, err := mutate.ConfigFile(mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1),
		&v1.ConfigFile{OS: "linux", Architecture: "amd64", Config: v1.Config{Labels: labels}, RootFS: v1.RootFS{Type: "layers"}})
	if err != nil {
		return Content{}, fmt.Errorf("making an image of %s: %w", name, err)
	}
	image, err := mutate.AppendLayers(base, layer)
	if err != nil {
		return Content{}, fmt.Errorf("making an image of %s: %w", name, err)
	}
	return contentOf(image)
}

// pack writes the files of a directory to an archive.
func pack(from, to string) (err error) {
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("packing %s: %w", from, err)
	}
	archive := tar.NewWriter(out)
	files := 0
	walked := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == from {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if !info.IsDir() && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is a link, a device or a pipe, not a file", path)
		}
		files++
		return add(archive, from, path, info)
	})
	switch {
	case errors.Is(walked, fs.ErrNotExist):
		walked = tagboat.Usagef("there is no directory %s", from)
	case walked == nil && files == 0:
		walked = tagboat.Usagef("%s is empty, or not a directory", from).WithHint("an archive is --from tar:%s", from)
	case walked != nil:
		walked = tagboat.Usagef("packing %s: %w", from, walked)
	}
	return errors.Join(walked, archive.Close(), out.Close())
}

// add writes one file, with nothing of who has it or when it was written.
func add(archive *tar.Writer, root, path string, info fs.FileInfo) error {
	name, err := filepath.Rel(root, path)
	if err != nil {
		return err
	}
	header := &tar.Header{Name: filepath.ToSlash(name), Mode: 0o644, Typeflag: tar.TypeReg, Size: info.Size()}
	switch {
	case info.IsDir():
		header = &tar.Header{Name: header.Name + "/", Mode: 0o755, Typeflag: tar.TypeDir}
	case info.Mode()&0o111 != 0:
		header.Mode = 0o755
	}
	if err := archive.WriteHeader(header); err != nil || info.IsDir() {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return errors.Join(err, file.Close())
}
