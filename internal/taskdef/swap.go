package taskdef

import (
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
)

// Swap is the image that a container should run.
type Swap struct {
	Image    tagboat.ImageName // its name in tagboat.yaml
	Pinned   tagboat.Reference // with its digest
	Revision string            // the commit that it was built from; "" where unknown
	Where    tagboat.Position  // where tagboat.yaml says so
}

// SwapImages returns the input that registers current again, as Input does, with other
// images. Each container that images does not name keeps its image. A name that
// current does not have is an error of kind Usage at its place.
func SwapImages(current Definition, images map[tagboat.ContainerName]Swap) (Definition, error) {
	d, _ := Input(current)
	found := d.Containers()
	for _, name := range slices.Sorted(maps.Keys(images)) {
		if _, ok := found[name]; !ok {
			return Definition{}, noContainer(d, name, images[name].Where)
		}
	}
	for _, c := range d.containers() {
		swap, ok := images[tagboat.ContainerName(text(c["name"]))]
		if !ok {
			continue
		}
		if swap.Pinned.Pinned() == "" {
			return Definition{}, tagboat.Usagef("no version of the image %s is pinned", swap.Image).At(swap.Where).
				WithHint("tagboat pin %s=TAG --env ENV", swap.Image)
		}
		setImage(c, swap.Image, swap.Pinned, swap.Revision)
	}
	return d, nil
}

func noContainer(d Definition, name tagboat.ContainerName, at tagboat.Position) error {
	containers := d.Containers()
	known := make([]string, 0, len(containers))
	for c := range containers {
		known = append(known, string(c))
	}
	slices.Sort(known)
	return tagboat.Usagef("the family %s has no container %q", d.Family(), name).At(at).
		WithHint("%s", tagboat.Suggest(string(name), known))
}
