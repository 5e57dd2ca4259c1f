package fleet

import (
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Versions are what is to be pinned of images, by environment.
type Versions map[tagboat.EnvName]map[tagboat.ImageName]tagboat.Reference

// Pinned returns cells as they are once versions are pinned. Their books stay as they were
// read.
func (v Versions) Pinned(cells []Cell) []Cell {
	pinned, of := slices.Clone(cells), map[tagboat.EnvName]*pins{}
	for i, c := range cells {
		if len(v[c.Env.Name]) == 0 {
			continue
		}
		if of[c.Env.Name] == nil {
			next := &pins{c.pins.book, maps.Clone(c.pins.versions)}
			maps.Copy(next.versions, v[c.Env.Name])
			of[c.Env.Name] = next
		}
		pinned[i].pins = of[c.Env.Name]
	}
	return pinned
}

// PinChanges returns the pins of an environment that versions take the place of, by image.
func PinChanges(book ledger.Book, env tagboat.EnvName, versions map[tagboat.ImageName]tagboat.Reference) []tagboat.PinChange {
	var changes []tagboat.PinChange
	for _, image := range slices.Sorted(maps.Keys(versions)) {
		pin, to := tagboat.Pin{}, versions[image]
		if is, ok := book.Pin(env, image); ok {
			pin = is
		}
		if pin.Digest != "" && pin.Pins(to) {
			continue
		}
		changes = append(changes, tagboat.PinChange{
			Environment: env, Image: image,
			From: tagboat.Observed{Tag: pin.Tag, Digest: pin.Digest}, To: tagboat.Observed{Tag: to.Tag, Digest: to.Digest},
		})
	}
	return changes
}
