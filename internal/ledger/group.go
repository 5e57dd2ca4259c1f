package ledger

import (
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
)

// Group is the images of one environment whose pins share a parameter.
type Group struct {
	Name        string
	Parameter   string // the parameter's name
	Environment tagboat.EnvName
	Images      map[tagboat.ImageName]tagboat.Reference // the repository of each
	Keys        map[tagboat.ImageName]string            // in the value, where that is not the image's name
	Form        Form
	Tier        Tier
	Projections Projections
	holds       bool // it keeps holds and no pins
}

// key returns what an image is called in the group's value.
func (g Group) key(image tagboat.ImageName) string {
	if key, ok := g.Keys[image]; ok {
		return key
	}
	return string(image)
}

// image returns what is called key, and false where that is none of the group's images.
func (g Group) image(key string) (tagboat.ImageName, bool) {
	for image := range g.Images {
		if g.key(image) == key {
			return image, true
		}
	}
	return "", false
}

// encode returns what changes write into the parameter.
func (g Group) encode(changes map[tagboat.ImageName]tagboat.Reference) (values, error) {
	want := values{}
	for image, ref := range changes {
		if _, ok := g.Images[image]; !ok {
			return nil, tagboat.Usagef("image %q is not kept in parameter %s", image, g.Parameter)
		}
		value, err := g.Form.Encode(ref)
		if err != nil {
			return nil, err
		}
		want[g.key(image)] = value
	}
	return want, nil
}

// pins returns what v says of the group's images, sorted by image. Images that it does
// not mention have no pin.
func (g Group) pins(v values, version int64) ([]tagboat.Pin, error) {
	var pins []tagboat.Pin
	for _, image := range slices.Sorted(maps.Keys(g.Images)) {
		value, ok := v[g.key(image)]
		if !ok {
			continue
		}
		ref, err := g.Form.Parse(value, g.Images[image])
		if err != nil {
			return nil, tagboat.Usagef("parameter %s has %q for image %s: %w", g.Parameter, value, image, err).
				WithHint("put a good value there, such as that of an earlier version: aws ssm get-parameter-history --name %s", g.Parameter)
		}
		pins = append(pins, tagboat.Pin{
			Image: image, Repository: ref.Name(), Tag: ref.Tag, Digest: ref.Digest,
			Parameter: g.Parameter, ParameterVersion: version,
		})
	}
	return pins, nil
}
