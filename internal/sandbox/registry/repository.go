package registry

import (
	"slices"
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
