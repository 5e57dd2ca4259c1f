package registry

import (
	"cmp"
	"slices"
	"time"
)

// Image is a manifest in a repository. Those that a Store returns are copies.
type Image struct {
	Digest       Digest            `json:"digest"`
	MediaType    string            `json:"mediaType"`
	ArtifactType string            `json:"artifactType,omitempty"` // that of the manifest, or its config's media type
	ManifestSize int64             `json:"manifestSize"`
	Size         int64             `json:"size"` // bytes of config and layers; the largest child's for an index
	PushedAt     time.Time         `json:"pushedAt"`
	PulledAt     time.Time         `json:"pulledAt,omitzero"` // to within a day, as ECR records it
	Tags         []string          `json:"tags,omitempty"`    // sorted
	Subject      Digest            `json:"subject,omitempty"`
	Children     []Child           `json:"children,omitempty"` // of an index, in its order
	Labels       map[string]string `json:"labels,omitempty"`   // of the config; not to be changed
	Platform     string            `json:"platform,omitempty"` // os/architecture[/variant]
	Annotations  map[string]string `json:"annotations,omitempty"`
	ScannedAt    time.Time         `json:"scannedAt,omitzero"` // when its last scan began; zero where none did

	sequence uint64 // in order of first push in the repository; never used again
}

// Child is an entry of an index.
type Child struct {
	Digest   Digest `json:"digest"`
	Platform string `json:"platform,omitempty"`
}

// Position says where the image stands in its repository's order of first pushes.
func (i *Image) Position() uint64 { return i.sequence }

func (i *Image) clone() Image {
	c := *i
	c.Tags = slices.Clone(i.Tags)
	return c
}

func (i *Image) addTag(tag string) {
	at, found := slices.BinarySearch(i.Tags, tag)
	if !found {
		i.Tags = slices.Insert(i.Tags, at, tag)
	}
}

func (i *Image) dropTag(tag string) {
	if at, found := slices.BinarySearch(i.Tags, tag); found {
		i.Tags = slices.Delete(i.Tags, at, at+1)
	}
}

// pushOrder is a repository's images in order of first push. A place that a deleted
// image leaves stays empty until half of them are, so that neither a page nor a
// deletion costs time in proportion to all images.
type pushOrder struct {
	places []place // by sequence
	empty  int
	last   uint64 // sequence; none is given twice
}

type place struct {
	sequence uint64
	image    *Image // nil where it is gone
}

// add puts an image at the end and gives it its sequence.
func (o *pushOrder) add(image *Image) {
	o.last++
	image.sequence = o.last
	o.places = append(o.places, place{o.last, image})
}

func (o *pushOrder) remove(image *Image) {
	o.places[o.at(image.sequence)].image = nil
	if o.empty++; o.empty > len(o.places)/2 {
		o.places = slices.DeleteFunc(o.places, func(p place) bool { return p.image == nil })
		o.empty = 0
	}
}

// from calls yield with the images from a sequence on until it returns false.
func (o *pushOrder) from(sequence uint64, yield func(*Image) bool) {
	for _, p := range o.places[o.at(sequence):] {
		if p.image != nil && !yield(p.image) {
			return
		}
	}
}

// at returns where a sequence is or would be.
func (o *pushOrder) at(sequence uint64) int {
	at, _ := slices.BinarySearchFunc(o.places, sequence, func(p place, n uint64) int { return cmp.Compare(p.sequence, n) })
	return at
}
