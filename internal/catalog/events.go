package catalog

import (
	"fmt"
	"slices"
	"strings"

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

// NewTags says which tags the versions pinned in an environment have now.
type NewTags struct {
	Environment tagboat.EnvName
	Images      []tagboat.ImageName // that have new ones
	Changes     []tagboat.TagChange // of all of them
}

// Add adds what changed of an image.
func (n *NewTags) Add(image tagboat.ImageName, changes []tagboat.TagChange) {
	changed := slices.DeleteFunc(slices.Clone(changes), func(c tagboat.TagChange) bool { return !c.Changed })
	if len(changed) > 0 {
		n.Images, n.Changes = append(n.Images, image), append(n.Changes, changed...)
	}
}

// String implements operation.Event. Of several images it names each tag once.
func (n NewTags) String() string {
	if len(n.Images) == 1 {
		return fmt.Sprintf("%s has new tags: %s", n.Images[0], Changed(n.Changes))
	}
	var tags, images []string
	for _, change := range n.Changes {
		if !slices.Contains(tags, change.Tag) {
			tags = append(tags, change.Tag)
		}
	}
	for _, image := range n.Images {
		images = append(images, string(image))
	}
	return fmt.Sprintf("%s of %s have new tags: %s", strings.Join(images, ", "), n.Environment, strings.Join(tags, ", "))
}
