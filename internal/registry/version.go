package registry

import (
	"regexp"
	"time"

	"github.com/tagboat/tagboat"
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
var revision = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._/@:+-]{0,127}$`)

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
		if v.Revision == "" && revision.MatchString(labels[key]) {
			v.Revision = labels[key]
		}
	}
	if at, err := time.Parse(time.RFC3339, labels[createdKey]); err == nil && v.Created.IsZero() {
		v.Created = at
	}
}
