// Package mirror is a directory with images of registries that the sandbox is not, such as
// public ones: what tasks pull from there without a network.
//
// Each repository is an OCI image layout in the directory that its host and name make, with
// its tags as the layout's reference names:
//
//	skopeo copy docker://public.ecr.aws/x/agent:3.2 oci:DIR/public.ecr.aws/x/agent:3.2
//
// It is read at each question, so images can come and go.
// https://github.com/opencontainers/image-spec/blob/main/image-layout.md
package mirror

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Mirror is such a directory. It is safe for concurrent use.
type Mirror struct{ root *os.Root }

// ErrNotFound says that there is no such image.
var ErrNotFound = errors.New("not found in the mirror")

// Image is what a task has to know of one.
type Image struct {
	Digest    string
	Labels    map[string]string
	Platforms []string // os/architecture[/variant]
}

// Open returns the mirror in a directory that is there.
func Open(dir string) (*Mirror, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the mirror: %w", err)
	}
	return &Mirror{root: root}, nil
}

// tagAnnotation names the tag of an entry of a layout's index.
const tagAnnotation = "org.opencontainers.image.ref.name"

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Annotations map[string]string `json:"annotations"`
	Platform    *platform         `json:"platform"`
}

type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
}

func (p platform) String() string {
	return strings.TrimSuffix(p.OS+"/"+p.Architecture+"/"+p.Variant, "/")
}

// manifest is an image's manifest, or an index.
type manifest struct {
	Config    descriptor   `json:"config"`
	Manifests []descriptor `json:"manifests"`
}

// Resolve finds an image by a whole reference: HOST/NAME:TAG, HOST/NAME@DIGEST, or both, of
// which the digest counts. The error is ErrNotFound where it is not there.
func (m *Mirror) Resolve(reference string) (Image, error) {
	name, digest, pinned := strings.Cut(reference, "@")
	tag := "latest"
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, tag = name[:i], name[i+1:]
	}
	l := layout{root: m.root, dir: name}
	var index manifest
	if err := l.read("index.json", &index); err != nil {
		return Image{}, err
	}
	at := slices.IndexFunc(index.Manifests, func(d descriptor) bool {
		return pinned && d.Digest == digest || !pinned && d.Annotations[tagAnnotation] == tag
	})
	if at >= 0 {
		return l.image(index.Manifests[at])
	}
	if !pinned {
		return Image{}, fmt.Errorf("%s: %w", reference, ErrNotFound)
	}
	// The digest may be that of a child of an index.
	return l.image(descriptor{Digest: digest})
}

// layout is one repository.
type layout struct {
	root *os.Root
	dir  string
}

func (l layout) image(d descriptor) (Image, error) {
	image := Image{Digest: d.Digest}
	var of manifest
	if err := l.blob(d.Digest, &of); err != nil {
		return image, err
	}
	if len(of.Manifests) == 0 {
		var config struct {
			platform
			Config struct{ Labels map[string]string } `json:"config"`
		}
		if err := l.blob(of.Config.Digest, &config); err != nil {
			return image, err
		}
		image.Labels = config.Config.Labels
		if config.OS != "" {
			image.Platforms = []string{config.platform.String()}
		}
		return image, nil
	}
	return l.index(image, of.Manifests)
}

// index takes the platforms of all children that have one, and the labels of the one for
// linux/amd64, or of the first.
func (l layout) index(image Image, children []descriptor) (Image, error) {
	chosen := 0
	for i, c := range children {
		if c.Platform == nil {
			continue
		}
		image.Platforms = append(image.Platforms, c.Platform.String())
		if c.Platform.String() == "linux/amd64" {
			chosen = i
		}
	}
	child, err := l.image(children[chosen])
	if errors.Is(err, ErrNotFound) { // copied without the other platforms
		return image, nil
	}
	image.Labels = child.Labels
	return image, err
}

// maxDocument is more than any manifest or config has.
const maxDocument = 8 << 20

// blob reads a document that is stored under its digest, and makes sure that it is that.
func (l layout) blob(digest string, into any) error {
	algorithm, hash, ok := strings.Cut(digest, ":")
	if !ok || algorithm != "sha256" || strings.ContainsAny(hash, "/.") {
		return fmt.Errorf("%s: %q is not a SHA-256 digest", l.dir, digest)
	}
	data, err := l.file("blobs/sha256/" + hash)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != hash {
		return fmt.Errorf("%s: the blob %s has other content", l.dir, digest)
	}
	return l.decode(digest, data, into)
}

func (l layout) read(name string, into any) error {
	data, err := l.file(name)
	if err != nil {
		return err
	}
	return l.decode(name, data, into)
}

func (l layout) decode(name string, data []byte, into any) error {
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: reading %s: %w", l.dir, name, err)
	}
	return nil
}

func (l layout) file(name string) (data []byte, err error) {
	f, err := l.root.Open(path.Join(l.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", l.dir, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the mirror: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err == nil && len(data) > maxDocument {
		err = fmt.Errorf("%s: %s is larger than %d bytes", l.dir, name, maxDocument)
	}
	return data, err
}
