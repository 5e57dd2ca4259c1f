package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cache"
)

// Version is one immutable observation of an image.
type Version struct {
	// Reference has the digest: that of the index where the tag stands for one, so that
	// each platform pulls its own image.
	Reference tagboat.Reference
	MediaType string
	// Artifact says what it is where no container can run it, as it follows a name in a
	// sentence: "is a Helm chart"; "" for an image.
	Artifact  string
	Platforms []string          // os/architecture[/variant], in the index's order
	Created   time.Time         // zero where the image does not say
	Revision  string            // git commit that it was built from; "" where it does not say
	Labels    map[string]string // of the image's config; for an index, of its first platform's
	Size      int64             // bytes of config and layers; for an index, of its first platform's
	// Annotations are those of the manifest; an index's own come before its first image's.
	Annotations map[string]string
	// Images are the digests of what can run: one for each of Platforms.
	Images []tagboat.Digest
}

// Where builds say which commit they come from, the standard's name first.
// https://github.com/opencontainers/image-spec/blob/main/annotations.md
var revisionKeys = []string{"org.opencontainers.image.revision", "org.label-schema.vcs-ref", "vcs-ref"}

// revision has the form of what is taken for one: it becomes part of task definitions.
var revision = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._/@:+-]{0,127}$`) })

// createdKey is the annotation for the time of the build.
const createdKey = "org.opencontainers.image.created"

// annotate takes the annotations of a manifest that v does not have from another one.
func (v *Version) annotate(annotations map[string]string) {
	v.describe(annotations)
	for key, value := range annotations {
		if v.Annotations == nil {
			v.Annotations = map[string]string{}
		}
		if _, known := v.Annotations[key]; !known {
			v.Annotations[key] = value
		}
	}
}

// describe takes from annotations or labels what v does not know yet.
func (v *Version) describe(labels map[string]string) {
	for _, key := range revisionKeys {
		if v.Revision == "" && revision().MatchString(labels[key]) {
			v.Revision = labels[key]
		}
	}
	if at, err := time.Parse(time.RFC3339, labels[createdKey]); err == nil && v.Created.IsZero() {
		v.Created = at
	}
}

// Resolve returns the version that ref stands for now: by its digest if it has one, else
// by its tag. Where there is none the error is of kind Usage, and its hint names the tags
// that come closest. What no container can run is a version, too; its Artifact says what
// it is.
func (c *Client) Resolve(ctx context.Context, ref tagboat.Reference) (Version, error) {
	return within(ctx, c.limits, ref.Host, func(ctx context.Context) (Version, error) { return c.resolve(ctx, ref) })
}

func (c *Client) resolve(ctx context.Context, ref tagboat.Reference) (Version, error) {
	named, err := refer(ref)
	if err != nil {
		return Version{}, err
	}
	got, err := c.fetch(ctx, named)
	if isNotFound(err) {
		return Version{}, c.notFound(ctx, ref, named, err)
	}
	if err != nil {
		return Version{}, wrapError("resolving", ref, err)
	}
	v := Version{Reference: ref, MediaType: string(got.mediaType)}
	v.Reference.Digest = tagboat.Digest(got.digest.String())
	if known, ok := c.Cached(v.Reference); ok {
		return known, nil
	}
	if err := c.inspect(ctx, named.Context(), got, &v); err != nil {
		return Version{}, wrapError("reading", v.Reference, err)
	}
	c.cache.write(v)
	return v, nil
}

// maxImages is how many images an index may have: what is built for every platform that
// there is has about twenty.
const maxImages = 200

// inspect fills in what the manifest and the config say.
func (c *Client) inspect(ctx context.Context, repo name.Repository, got content, v *Version) error {
	if got.index == nil {
		return c.inspectImage(ctx, repo, got, v, true)
	}
	v.annotate(got.index.Annotations)
	images := runnable(got.index.Manifests)
	if len(images) > maxImages {
		v.Artifact = fmt.Sprintf("is an index of %d images, and no more than %d are looked at", len(images), maxImages)
		return nil
	}
	for _, child := range images {
		v.Platforms = append(v.Platforms, platform(child.Platform))
		v.Images = append(v.Images, tagboat.Digest(child.Digest.String()))
	}
	if len(images) == 0 {
		v.Artifact = noImages(got.index)
		return nil
	}
	first, err := c.fetchChild(ctx, repo, images[0])
	if err != nil {
		return err
	}
	return c.inspectImage(ctx, repo, first, v, false)
}

// inspectImage reads an image's manifest and config.
func (c *Client) inspectImage(ctx context.Context, repo name.Repository, got content, v *Version, alone bool) error {
	if got.image == nil {
		v.Artifact = got.artifact
		if got.index != nil {
			v.Artifact = "is an index of indexes"
		}
		return nil
	}
	v.annotate(got.image.Annotations)
	v.Size = got.image.Config.Size
	for _, layer := range got.image.Layers {
		v.Size += layer.Size
	}
	if v.Artifact = runs(got.image); v.Artifact != "" {
		return nil
	}
	data, err := c.blob(ctx, repo, got.image.Config, c.limits.Size)
	if err != nil {
		return err
	}
	var config v1.ConfigFile
	if unreadable := json.Unmarshal(data, &config); unreadable != nil {
		v.Artifact = "is not an image: its config cannot be read"
		return nil //nolint:nilerr // what it is is an answer
	}
	v.Labels = config.Config.Labels
	v.describe(v.Labels)
	if v.Created.IsZero() {
		v.Created = config.Created.UTC()
	}
	if alone && config.Architecture != "" {
		v.Platforms = []string{platform(config.Platform())}
		v.Images = []tagboat.Digest{v.Reference.Digest}
	}
	return nil
}

// versionCache keeps on disk what manifests and configs said, a file a digest: content never
// changes under its digest, wherever it lies. The zero value keeps nothing.
type versionCache struct{ dir cache.Dir }

// formOfFacts is in the path of what is kept, and changes with the members of Version and with how
// they are read.
const formOfFacts = "2"

func (m versionCache) name(d tagboat.Digest) string {
	return filepath.Join(formOfFacts, d.Hex()[:2], d.Hex()+".json")
}

// read returns what is known of the content that ref's digest stands for.
func (m versionCache) read(ref tagboat.Reference) (Version, bool) {
	if _, err := tagboat.ParseDigest(string(ref.Digest)); err != nil || m.dir == "" {
		return Version{}, false
	}
	var v Version
	if !m.dir.Read(m.name(ref.Digest), &v) || v.Reference.Digest != ref.Digest {
		return Version{}, false
	}
	v.Reference = ref
	return v, true
}

func (m versionCache) write(v Version) {
	m.dir.Write(m.name(v.Reference.Digest), v)
}

// Cached returns a version that was resolved before, by its digest, and makes no
// request. The version may have been deleted since.
func (c *Client) Cached(ref tagboat.Reference) (Version, bool) { return c.cache.read(ref) }

// ResolveListed is Resolve for a version that is known to be there, since it was just listed: it
// makes no request for what was resolved before.
func (c *Client) ResolveListed(ctx context.Context, ref tagboat.Reference) (Version, error) {
	if v, ok := c.Cached(ref); ok {
		return v, nil
	}
	return c.Resolve(ctx, ref)
}
