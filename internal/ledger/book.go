package ledger

import (
	"cmp"
	"slices"

	"github.com/tagboat/tagboat"
)

// Book is what was read of the ledger, in the order of the groups asked for.
type Book struct {
	Entries []Entry
}

// Entry is what one group's parameter holds.
type Entry struct {
	Group   Group
	Version int64             // 0 where the parameter does not exist
	Pins    []tagboat.Pin     // sorted by image
	Others  map[string]string // keys that are none of the group's images
	// Torn says that a writer died before it could repair what it had overwritten:
	// an update is missing, and the next Update or Repair brings it back. Only Audit
	// can tell.
	Torn bool
	// Uncertain says that an update may be missing and nobody can tell: none of the versions
	// that are kept says what all before it came to.
	Uncertain bool
	// Overwritten are updates that got lost to somebody who does not keep to the
	// protocol, by image. Only Audit can tell.
	Overwritten []tagboat.Overwritten

	values values // all of it
}

// Pins returns the pins of an environment, those of all its groups, by image.
func (b Book) Pins(env tagboat.EnvName) []tagboat.Pin {
	var pins []tagboat.Pin
	for _, e := range b.Entries {
		if e.Group.Environment == env {
			pins = append(pins, e.Pins...)
		}
	}
	slices.SortFunc(pins, func(a, b tagboat.Pin) int { return cmp.Compare(a.Image, b.Image) })
	return pins
}

// Pin returns the pin of an image in an environment, and false where there is none.
func (b Book) Pin(env tagboat.EnvName, image tagboat.ImageName) (tagboat.Pin, bool) {
	for _, e := range b.Entries {
		if e.Group.Environment != env {
			continue
		}
		for _, pin := range e.Pins {
			if pin.Image == image {
				return pin, true
			}
		}
	}
	return tagboat.Pin{}, false
}

// entry makes an Entry of what the group's parameter holds.
func entry(g Group, v values, version int64) (Entry, error) {
	pins, err := g.pins(v, version)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Group: g, Version: version, Pins: pins, values: v}
	for key, value := range v {
		if _, ours := g.image(key); !ours {
			if e.Others == nil {
				e.Others = map[string]string{}
			}
			e.Others[key] = value
		}
	}
	return e, nil
}
