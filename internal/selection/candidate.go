package selection

import (
	"time"

	"github.com/tagboat/tagboat"
)

// Candidate is one tag of one version, or a version without a tag.
type Candidate struct {
	Tag       string // "" for a version without one
	Digest    tagboat.Digest
	PushedAt  time.Time // zero where it is not known
	Platforms []string  // os/architecture[/variant]; nil where they are not known
	Index     bool      // it stands for several images, one for each platform
	// Artifact says what it is where no container can run it, such as "is a Helm chart";
	// "" for an image, and where that is not known.
	Artifact string
	// Examined says that its manifest was read, so that an empty Artifact is an image's.
	Examined bool
	// Looked says that the registry was asked for all that it knows: what is unknown
	// stays so, and an empty Artifact is an image's.
	Looked bool
}

// name is how people call the candidate.
func (c Candidate) name() string {
	if c.Tag == "" {
		return c.Digest.Short()
	}
	return c.Tag
}
