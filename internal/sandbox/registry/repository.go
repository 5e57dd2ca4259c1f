package registry

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Settings are what ECR keeps about a repository besides its images.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Repository.html
type Settings struct {
	Mutability      Mutability        `json:"mutability"` // "" is MUTABLE
	Exclusions      []string          `json:"exclusions,omitempty"`
	ScanOnPush      bool              `json:"scanOnPush,omitempty"`
	EncryptionType  string            `json:"encryptionType"` // "" is AES256
	KMSKey          string            `json:"kmsKey,omitempty"`
	Policy          string            `json:"policy,omitempty"`
	LifecyclePolicy string            `json:"lifecyclePolicy,omitempty"`
	Tags            map[string]string `json:"tags,omitempty"` // of the repository, not of images
}

// Repository is a repository as it stood when a Store was asked.
type Repository struct {
	RepositoryID
	Settings
	CreatedAt time.Time
}

// ARN returns the repository's ARN.
func (id RepositoryID) ARN() string { return id.Scope.ARN("ecr", "repository/"+id.Name) }

// repository is a Store's record, guarded by its lock.
type repository struct {
	Repository
	images    map[Digest]*Image
	order     pushOrder
	tags      map[string]*Image
	tagNames  sortedNames
	blobs     map[Digest]int64    // size of each blob that was pushed or mounted here
	parents   map[Digest]int      // how many indexes hold an image
	referrers map[Digest][]*Image // by subject, in order of push
}

func newRepository(id RepositoryID, at time.Time, settings Settings) *repository {
	if settings.Mutability == "" {
		settings.Mutability = Mutable
	}
	if settings.EncryptionType == "" {
		settings.EncryptionType = "AES256"
	}
	return &repository{
		Repository: Repository{RepositoryID: id, Settings: settings, CreatedAt: at},
		images:     map[Digest]*Image{},
		tags:       map[string]*Image{},
		blobs:      map[Digest]int64{},
		parents:    map[Digest]int{},
		referrers:  map[Digest][]*Image{},
	}
}

// lookup finds an image by tag, digest, or both.
func (r *repository) lookup(ref Ref) (*Image, error) {
	image := r.images[ref.Digest]
	if ref.Tag != "" {
		image = r.tags[ref.Tag]
	}
	if image == nil {
		return nil, faultf(ManifestUnknown, "Requested image not found")
	}
	if ref.Digest != "" && image.Digest != ref.Digest {
		return nil, faultf(TagMismatch, "Requested image tag '%s' does not match the digest '%s'", ref.Tag, ref.Digest)
	}
	return image, nil
}

// insert adds an image that is not there, as the newest.
func (r *repository) insert(image *Image) {
	r.images[image.Digest] = image
	r.order.add(image)
	for _, child := range image.Children {
		r.parents[child.Digest]++
	}
	if image.Subject != "" {
		r.referrers[image.Subject] = append(r.referrers[image.Subject], image)
	}
	for _, tag := range image.Tags {
		r.tags[tag] = image
		r.tagNames.add(tag)
	}
}

// remove takes an image and its tags out, unless an index holds it.
func (r *repository) remove(image *Image) error {
	if r.parents[image.Digest] > 0 {
		return faultf(ManifestReferenced, "Requested image referenced by manifest list")
	}
	for _, tag := range image.Tags {
		delete(r.tags, tag)
		r.tagNames.remove(tag)
	}
	for _, child := range image.Children {
		if r.parents[child.Digest]--; r.parents[child.Digest] == 0 {
			delete(r.parents, child.Digest)
		}
	}
	if image.Subject != "" {
		r.dropReferrer(image)
	}
	r.order.remove(image)
	delete(r.images, image.Digest)
	return nil
}

func (r *repository) dropReferrer(image *Image) {
	left := slices.DeleteFunc(r.referrers[image.Subject], func(i *Image) bool { return i == image })
	if r.referrers[image.Subject] = left; len(left) == 0 {
		delete(r.referrers, image.Subject)
	}
}

// tag puts a tag on an image, taking it from the one that has it.
func (r *repository) tag(image *Image, tag string) error {
	if len(image.Tags) >= maxTagsPerImage {
		return faultf(TooManyTags, "The image with digest '%s' in the repository with name '%s' in the registry with id '%s' already has %d tags",
			image.Digest, r.Name, r.Account, maxTagsPerImage)
	}
	if old := r.tags[tag]; old != nil {
		old.dropTag(tag)
	}
	r.tags[tag] = image
	r.tagNames.add(tag)
	image.addTag(tag)
	return nil
}

func (r *repository) untag(tag string) {
	r.tags[tag].dropTag(tag)
	delete(r.tags, tag)
	r.tagNames.remove(tag)
}

// maxTagsPerImage is ECR's quota.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
const maxTagsPerImage = 1000

// Mutability says whether tags of a repository can move.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
type Mutability string

// The settings of ECR. With exclusion, tags that a filter matches are the opposite.
const (
	Mutable                Mutability = "MUTABLE"
	Immutable              Mutability = "IMMUTABLE"
	MutableWithExclusion   Mutability = "MUTABLE_WITH_EXCLUSION"
	ImmutableWithExclusion Mutability = "IMMUTABLE_WITH_EXCLUSION"
)

// mayMove reports whether a tag that exists can be put on another image.
func (s Settings) mayMove(tag string) bool {
	excluded := slices.ContainsFunc(s.Exclusions, func(filter string) bool { return MatchFilter(filter, tag) })
	switch s.Mutability {
	case Immutable:
		return false
	case ImmutableWithExclusion:
		return excluded
	case MutableWithExclusion:
		return !excluded
	default:
		return true
	}
}

// MatchFilter reports whether a tag matches an exclusion filter, in which * stands
// for any characters, none included, and everything else for itself. It takes time
// in proportion to the product of the lengths at worst.
func MatchFilter(filter, tag string) bool {
	head, rest, wild := strings.Cut(filter, "*")
	if !wild {
		return filter == tag
	}
	tag, ok := strings.CutPrefix(tag, head)
	if !ok {
		return false
	}
	parts := strings.Split(rest, "*")
	for _, part := range parts[:len(parts)-1] {
		// The leftmost place leaves the most to match the rest with.
		i := strings.Index(tag, part)
		if i < 0 {
			return false
		}
		tag = tag[i+len(part):]
	}
	return strings.HasSuffix(tag, parts[len(parts)-1])
}

// sortedNames is a set of names in the order in which the OCI specification lists
// tags: letters without regard to case first, then byte by byte. It is a list of
// blocks, each sorted and none empty, so that to add, to remove and to find the
// beginning of a page costs little however many names there are.
type sortedNames struct{ blocks [][]string }

// maxBlock is how long a block gets before it is split.
const maxBlock = 512

func compareNames(a, b string) int {
	return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
}

// find returns the block that has or would have a name, the name's place in it, and
// whether it is there.
func (n *sortedNames) find(name string) (block, at int, found bool) {
	block, _ = slices.BinarySearchFunc(n.blocks, name, func(b []string, name string) int {
		return compareNames(b[len(b)-1], name)
	})
	if block == len(n.blocks) {
		return block, 0, false
	}
	at, found = slices.BinarySearchFunc(n.blocks[block], name, compareNames)
	return block, at, found
}

func (n *sortedNames) add(name string) {
	block, at, found := n.find(name)
	switch {
	case found:
		return
	case len(n.blocks) == 0:
		n.blocks = [][]string{{name}}
		return
	case block == len(n.blocks): // after all others
		block--
		at = len(n.blocks[block])
	}
	b := slices.Insert(n.blocks[block], at, name)
	n.blocks[block] = b
	if len(b) > maxBlock {
		half := len(b) / 2
		n.blocks = slices.Insert(n.blocks, block+1, slices.Clone(b[half:]))
		n.blocks[block] = slices.Clip(b[:half])
	}
}

func (n *sortedNames) remove(name string) {
	block, at, found := n.find(name)
	if !found {
		return
	}
	if n.blocks[block] = slices.Delete(n.blocks[block], at, at+1); len(n.blocks[block]) == 0 {
		n.blocks = slices.Delete(n.blocks, block, block+1)
	}
}

// page returns up to limit names that come after last, which need not be among them,
// and whether there are more.
func (n *sortedNames) page(last string, limit int) (names []string, more bool) {
	block, at := 0, 0
	if last != "" {
		var found bool
		if block, at, found = n.find(last); found {
			at++
		}
	}
	names = []string{}
	for ; block < len(n.blocks); block, at = block+1, 0 {
		rest := n.blocks[block][at:]
		if len(rest) > limit-len(names) {
			return append(names, rest[:limit-len(names)]...), true
		}
		names = append(names, rest...)
	}
	return names, false
}
