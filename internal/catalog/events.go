package catalog

import (
	"fmt"

	"github.com/tagboat/tagboat"
)

// TooMany says that a repository has too many versions to look at each.
type TooMany struct {
	Versions   int
	Repository string
}

// String implements operation.Event.
func (t TooMany) String() string {
	return fmt.Sprintf("%d versions in %s are too many to look at each: platforms, revisions and scans of some are left out", t.Versions, t.Repository)
}

// Unseen says what could not be shown of versions, and why.
type Unseen struct {
	What string
	Err  error
}

// String implements operation.Event.
func (u Unseen) String() string { return fmt.Sprintf("%s: %v", u.What, u.Err) }

// Dirty says that an image was built from more than its commit.
type Dirty struct{ Tag string }

// String implements operation.Event.
func (d Dirty) String() string {
	return "the work tree differs from its commit: the image is tagged " + d.Tag
}

// RepositoryCreated says which repository was made, and which tags may move in it.
type RepositoryCreated struct {
	Repository string
	Moving     string
}

// String implements operation.Event.
func (r RepositoryCreated) String() string {
	text := "created the repository " + r.Repository + ", with scanning on push and immutable tags"
	if r.Moving == "" {
		return text
	}
	return text + " but " + r.Moving
}

// NewTags says which tags a pinned version has now.
type NewTags struct {
	Image tagboat.ImageName
	Tags  string
}

// String implements operation.Event.
func (n NewTags) String() string { return fmt.Sprintf("%s has new tags: %s", n.Image, n.Tags) }
