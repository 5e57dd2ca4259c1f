package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/registry"
)

// The media types of a release in a registry. Another form of content gets another version.
const (
	artifactType = "application/vnd.tagboat.release.v1"
	contentType  = "application/vnd.tagboat.release.content.v1+json"
)

// What the manifest says of a release beside its content, so that its id depends on it.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys
const (
	titleKey  = "org.opencontainers.image.title"
	commitKey = "org.opencontainers.image.revision"
	notesKey  = "io.tagboat.notes"
)

// Limits of a release, in bytes. ECR takes manifests of 4 MiB; nobody reads notes as long as that.
const (
	largestContent = 4 << 20
	longestNotes   = 32 << 10
)

// document returns a release as a registry keeps it. Nothing in it depends on when, where or by
// whom it was made.
func (r Release) document() registry.Document {
	d := registry.Document{Type: artifactType, ContentType: contentType, Content: r.Content.encode(), Annotations: map[string]string{titleKey: r.Content.App}}
	if r.Commit != "" {
		d.Annotations[commitKey] = r.Commit
	}
	if r.Notes != "" {
		d.Annotations[notesKey] = r.Notes
	}
	return d
}

// fromDocument returns the release that a registry keeps. The error wraps errPlanted where the
// document is not the one that the release makes.
func fromDocument(d registry.Document) (Release, error) {
	content, err := decode(d.Content)
	if err != nil {
		return Release{}, err
	}
	r := Release{Content: content, Commit: d.Annotations[commitKey], Notes: d.Annotations[notesKey]}
	r.ID = r.document().Digest()
	if r.ID != d.Digest() {
		return Release{}, fmt.Errorf("%w: it is annotated with more than a release is", errPlanted)
	}
	return r, nil
}

// errPlanted says that an artifact is not one that release create writes.
var errPlanted = errors.New("it is not a release of this version of Tagboat")

// encode returns the content as JSON: the members by name, no blanks.
func (c Content) encode() []byte {
	data := marshal(c)
	var sorted any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&sorted); err != nil {
		panic(err) // it was just encoded
	}
	return marshal(sorted)
}

// Differs returns the images whose versions differ from those of another content, and whether that
// is all that differs.
func (c Content) Differs(from Content) (images []tagboat.ImageName, only bool) {
	for name, image := range c.Images {
		if from.Images[name] != image {
			images = append(images, name)
		}
	}
	slices.Sort(images)
	only = len(c.Images) == len(from.Images)
	c.Images, from.Images = nil, nil
	return images, only && bytes.Equal(c.encode(), from.encode())
}

func marshal(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // strings, numbers of files, lists and maps always encode
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// decode reads what encode wrote, and nothing else. It takes any bytes.
func decode(data []byte) (Content, error) {
	var c Content
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return Content{}, fmt.Errorf("%w: %w", errPlanted, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) || !bytes.Equal(c.encode(), data) {
		return Content{}, fmt.Errorf("%w: its content is in another form than a release's", errPlanted)
	}
	if err := c.check(); err != nil {
		return Content{}, fmt.Errorf("%w: %w", errPlanted, err)
	}
	return c, nil
}

// check finds names, digests and references that no tagboat.yaml can have.
func (c Content) check() error {
	for name, image := range c.Images {
		if _, err := tagboat.ParseDigest(string(image.Digest)); err != nil {
			return fmt.Errorf("image %q has the digest %q", name, image.Digest)
		}
		ref, err := tagboat.ParseReference(image.Repository)
		if err != nil || ref.Tag != "" || ref.Digest != "" || !tagboat.ValidImageName(string(name)) || image.Tag != "" && !tagboat.ValidTag(image.Tag) {
			return fmt.Errorf("%q cannot be an image, with the repository %q and the tag %q", name, image.Repository, image.Tag)
		}
	}
	for name, service := range c.Services {
		if !tagboat.ValidName(string(name)) || !service.owned() {
			return fmt.Errorf("%q cannot be a service", name)
		}
		for container, image := range service.Containers {
			if _, ok := c.Images[image]; !ok {
				return fmt.Errorf("container %q of the service %s runs the image %q, which it does not have", container, name, image)
			}
		}
		if c.dependsOn(name, name, map[tagboat.ServiceName]bool{}) {
			return fmt.Errorf("the service %s depends on itself, or on one that it does not have", name)
		}
	}
	for name := range c.Vars {
		if !tagboat.ValidName(name) {
			return fmt.Errorf("%q cannot be a variable", name)
		}
	}
	return nil
}

// dependsOn reports whether what a service depends on is on, or is not there.
func (c Content) dependsOn(name, on tagboat.ServiceName, seen map[tagboat.ServiceName]bool) bool {
	seen[name] = true
	for _, next := range c.Services[name].DependsOn {
		if _, ok := c.Services[next]; !ok || next == on || !seen[next] && c.dependsOn(next, on, seen) {
			return true
		}
	}
	return false
}

// repositoryOf returns an image's repository as a release names it.
func repositoryOf(c *config.Config, image tagboat.ImageName) string {
	ref := c.Images[image].Repository
	if ref.Host == c.Registry {
		return ref.Repository
	}
	return ref.Name()
}

// fits returns an error of kind Usage where the release is another application's, or names another
// repository for an image than tagboat.yaml does.
func (r Release) fits(c *config.Config) error {
	if r.Content.App != c.App {
		return tagboat.Usagef("%s is a release of the application %s, and %s is of %s", r, r.Content.App, c.File, c.App).
			WithHint("name a release of %s: tagboat release list", c.App)
	}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(r.Content.Images)) {
		is, want := r.Content.Images[name].Repository, repositoryOf(c, name)
		if image, ok := c.Images[name]; ok && is != want {
			failed = append(failed, tagboat.Usagef("%s names the repository %s for the image %s, and %s says %s", r, is, name, c.File, want).At(image.Where).
				WithHint("where the image moved, make a release of what is there now: tagboat release create --env ENV; else somebody planted the release"))
		}
	}
	return errors.Join(failed...)
}

// String returns what people call the release.
func (r Release) String() string {
	if r.Name != "" {
		return "release " + r.Name
	}
	return "release " + r.ID.Short()
}
