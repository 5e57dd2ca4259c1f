package registry

import (
	"cmp"
	"slices"
)

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
