package ecr

import (
	"context"
	"encoding/base64"
	"encoding/json"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// imageDetail is ECR's record of an image. Its push time is that of the manifest:
// tags that come later do not change it.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
type imageDetail struct {
	target
	Digest        registry.Digest `json:"imageDigest"`
	Tags          []string        `json:"imageTags,omitempty"`
	Size          int64           `json:"imageSizeInBytes"`
	PushedAt      wire.Time       `json:"imagePushedAt"`
	PulledAt      wire.Time       `json:"lastRecordedPullTime,omitzero"`
	MediaType     string          `json:"imageManifestMediaType"`
	ArtifactType  string          `json:"artifactMediaType,omitempty"`
	Status        string          `json:"imageStatus"`
	SubjectDigest registry.Digest `json:"subjectManifestDigest,omitempty"`
}

func detailOf(id registry.RepositoryID, i *registry.Image) imageDetail {
	return imageDetail{
		target:        targetOf(id),
		Digest:        i.Digest,
		Tags:          append([]string(nil), i.Tags...),
		Size:          i.Size,
		PushedAt:      wire.At(i.PushedAt),
		PulledAt:      wire.At(i.PulledAt),
		MediaType:     i.MediaType,
		ArtifactType:  i.ArtifactType,
		Status:        "ACTIVE",
		SubjectDigest: i.Subject,
	}
}

// imageFilter selects images by whether they have tags and by their status.
type imageFilter struct {
	TagStatus   string `json:"tagStatus"`   // TAGGED, UNTAGGED; ANY by default
	ImageStatus string `json:"imageStatus"` // ACTIVE by default, ARCHIVED, ACTIVATING, ANY
}

func (f imageFilter) check() error {
	switch f.TagStatus {
	case "", "ANY", "TAGGED", "UNTAGGED":
	default:
		return invalid("filter", "tagStatus must satisfy enum value set: [TAGGED, UNTAGGED, ANY]")
	}
	switch f.ImageStatus {
	case "", "ANY", "ACTIVE", "ARCHIVED", "ACTIVATING":
		return nil
	default:
		return invalid("filter", "imageStatus must satisfy enum value set: [ACTIVE, ARCHIVED, ACTIVATING, ANY]")
	}
}

func (f imageFilter) keeps(i *registry.Image) bool {
	switch f.TagStatus {
	case "TAGGED":
		if len(i.Tags) == 0 {
			return false
		}
	case "UNTAGGED":
		if len(i.Tags) > 0 {
			return false
		}
	}
	return f.ImageStatus == "" || f.ImageStatus == "ANY" || f.ImageStatus == "ACTIVE"
}

type listImagesInput struct {
	target
	pageRequest
	Filter imageFilter `json:"filter"`
}

type describeImagesInput struct {
	listImagesInput
	ImageIDs []imageID `json:"imageIds"`
}

type describeImagesOutput struct {
	Details   []imageDetail `json:"imageDetails"`
	NextToken string        `json:"nextToken,omitempty"`
}

func (a *API) describeImages(_ context.Context, r *wire.Request, in describeImagesInput) (describeImagesOutput, error) {
	out := describeImagesOutput{Details: []imageDetail{}}
	repo, err := a.repository(r, in.target)
	if err != nil {
		return out, err
	}
	if err := in.Filter.check(); err != nil {
		return out, err
	}
	if len(in.ImageIDs) > 0 {
		return a.describeImagesByID(repo.RepositoryID, in)
	}
	out.Details, out.NextToken, err = pageOf(a, repo.RepositoryID, in.listImagesInput,
		func(i *registry.Image) []imageDetail { return []imageDetail{detailOf(repo.RepositoryID, i)} },
		func(imageDetail) string { return "" })
	return out, err
}

// pageOf returns a page of what of returns for the images that the filter keeps, in
// order of first push. tag tells the entries of one image apart, in their order.
func pageOf[T any](a *API, repo registry.RepositoryID, in listImagesInput, of func(*registry.Image) []T, tag func(T) string) ([]T, string, error) {
	entries, next := []T{}, ""
	size, from, err := in.page()
	if err != nil {
		return entries, "", err
	}
	err = a.Images(repo, from.Position, func(i *registry.Image) bool {
		if !in.Filter.keeps(i) {
			return true
		}
		for _, entry := range of(i) {
			if i.Position() == from.Position && tag(entry) < from.Name {
				continue // on an earlier page
			}
			if len(entries) == size {
				next = cursor{Position: i.Position(), Name: tag(entry)}.token()
				return false
			}
			entries = append(entries, entry)
		}
		return true
	})
	return entries, next, err
}

func (a *API) describeImagesByID(id registry.RepositoryID, in describeImagesInput) (describeImagesOutput, error) {
	out := describeImagesOutput{Details: []imageDetail{}}
	if in.pageRequest != (pageRequest{}) {
		return out, invalid("imageIds", "maxResults and nextToken cannot be used with imageIds")
	}
	if err := checkImageIDs(in.ImageIDs); err != nil {
		return out, err
	}
	for _, wanted := range in.ImageIDs {
		image, err := a.image(id, wanted)
		if err != nil {
			return out, err
		}
		if in.Filter.keeps(&image) {
			out.Details = append(out.Details, detailOf(id, &image))
		}
	}
	return out, nil
}

type listImagesOutput struct {
	ImageIDs  []imageID `json:"imageIds"`
	NextToken string    `json:"nextToken,omitempty"`
}

// listImages answers an entry for each tag of each image and one for each image
// without tags, in order of first push.
func (a *API) listImages(_ context.Context, r *wire.Request, in listImagesInput) (listImagesOutput, error) {
	out := listImagesOutput{ImageIDs: []imageID{}}
	repo, err := a.repository(r, in.target)
	if err != nil {
		return out, err
	}
	if err := in.Filter.check(); err != nil {
		return out, err
	}
	out.ImageIDs, out.NextToken, err = pageOf(a, repo.RepositoryID, in, idsOf, func(id imageID) string { return id.Tag })
	return out, err
}

// idsOf returns an id for each tag of an image, or one without a tag.
func idsOf(i *registry.Image) []imageID {
	if len(i.Tags) == 0 {
		return []imageID{{Digest: string(i.Digest)}}
	}
	ids := make([]imageID, len(i.Tags))
	for n, tag := range i.Tags {
		ids[n] = imageID{Digest: string(i.Digest), Tag: tag}
	}
	return ids
}

// cursor is where the next page begins. It names an item and not a number of items,
// so that what comes or goes between two pages makes none appear twice or not at all.
type cursor struct {
	Position uint64 `json:"p,omitempty"` // of an image
	Name     string `json:"n,omitempty"` // of a tag or repository
}

func (c cursor) token() string {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err) // a number and a string always encode
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func parseCursor(token string) (cursor, error) {
	var c cursor
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil && token != "" {
		err = json.Unmarshal(data, &c)
	}
	if err != nil {
		return cursor{}, invalid("nextToken", "must be a token that an earlier page returned")
	}
	return c, nil
}

// pageRequest is the part of a request that asks for a page.
type pageRequest struct {
	MaxResults int    `json:"maxResults"`
	NextToken  string `json:"nextToken"`
}

// page returns how many items a page has and where it begins. ECR's pages have 100
// items where the request does not say, and 1000 at most.
func (p pageRequest) page() (int, cursor, error) {
	size, err := wire.PageSize(p.MaxResults, 100, 1000, "InvalidParameterException")
	if err != nil {
		return 0, cursor{}, err
	}
	from, err := parseCursor(p.NextToken)
	return size, from, err
}
