package adopt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// claim is what a parameter says of an image.
type claim struct {
	env       config.Environment
	image     config.Image
	version   tagboat.Reference
	from, key string
	value     string
}

func (v *claim) errorf(err error) error {
	return fmt.Errorf("parameter %s has %q for %q: %w", v.from, v.value, v.key, err)
}

// matching is what sources say, by key.
type matching struct {
	claims    []*claim // each image of an environment once
	uncovered []tagboat.UncoveredKey
}

// match finds the images that keys stand for. Two parameters that disagree about an image
// are an error of kind Usage, as is a value that is no version.
func (a *Adoption) match(sources []source) (matching, error) {
	var m matching
	var failed []error
	for _, s := range sources {
		for _, key := range slices.Sorted(maps.Keys(s.values)) {
			image, err := a.imageOf(key)
			if err != nil {
				failed = append(failed, fmt.Errorf("parameter %s: %w", s.parameter, err))
				continue
			}
			if image == nil {
				m.uncovered = append(m.uncovered, tagboat.UncoveredKey{Environment: s.env.Name, Parameter: s.parameter, Key: key, Value: s.values[key]})
				continue
			}
			v, err := a.adopt(s, key, *image)
			if err == nil {
				err = m.add(v)
			}
			failed = append(failed, err)
		}
	}
	return m, errors.Join(failed...)
}

// imageOf returns the image that a key stands for, nil where there is none: that of the
// name, or the only one whose key or repository it is.
func (a *Adoption) imageOf(key string) (*config.Image, error) {
	if image, ok := a.Fleet.Config.Images[tagboat.ImageName(key)]; ok {
		return &image, nil
	}
	var images []config.Image
	for _, name := range slices.Sorted(maps.Keys(a.Fleet.Config.Images)) {
		image := a.Fleet.Config.Images[name]
		names := []string{a.Fleet.Config.GroupOf(name).KeyOf(image), image.Repository.Repository, image.Repository.Name()}
		if slices.Contains(names, key) {
			images = append(images, image)
		}
	}
	switch len(images) {
	case 0:
		return nil, nil
	case 1:
		return &images[0], nil
	default:
		return nil, tagboat.Usagef("%q is the repository of the images %s and %s", key, images[0].Name, images[1].Name).
			WithHint("pin them one by one: tagboat pin %s=TAG %s=TAG --env ENV", images[0].Name, images[1].Name)
	}
}

// adopt reads what a source says of an image.
func (a *Adoption) adopt(s source, key string, image config.Image) (*claim, error) {
	v := &claim{env: s.env, image: image, from: s.parameter, key: key, value: s.values[key]}
	group := a.Fleet.Config.GroupOf(image.Name)
	if s.parameter == a.Fleet.Config.ParameterName(s.env, group) && group.KeyOf(image) != key {
		return v, tagboat.Usagef("parameter %s has the image %s as %q, and tagboat would write it as %q beside that", s.parameter, image.Name, key, group.KeyOf(image)).
			WithHint("write ledger: {key: repository} in tagboat.yaml, or name the image %s: readers of the parameter look for that key", key)
	}
	ref, err := group.Form.Parse(v.value, image.Repository)
	if err != nil {
		return v, v.errorf(err)
	}
	if ref.Name() != image.Repository.Name() {
		return v, tagboat.Usagef("parameter %s has %q for %q, and the repository of image %s is %s", s.parameter, v.value, key, image.Name, image.Repository.Name()).
			WithHint("correct the image's repository in tagboat.yaml, or the parameter")
	}
	v.version = ref
	return v, nil
}

// tellNewForm tells of parameters that go on to hold more than their readers are used to.
func tellNewForm(ctx context.Context, c *config.Config, all []*claim) {
	told := map[string]bool{}
	for _, v := range all {
		group := c.GroupOf(v.image.Name)
		inPlace := v.from == c.ParameterName(v.env, group)
		if inPlace && group.Form == ledger.FormTagDigest && v.value == v.version.Tag && !told[v.from] {
			told[v.from] = true
			operation.Tell(ctx, NewForm{v.from})
		}
	}
}

// add notes a version, which may say more than one that was noted before, but nothing else.
func (m *matching) add(v *claim) error {
	for _, other := range m.claims {
		if other.env.Name != v.env.Name || other.image.Name != v.image.Name {
			continue
		}
		if !agree(other.version.Tag, v.version.Tag) || !agree(other.version.Digest, v.version.Digest) {
			return tagboat.Usagef("parameters %s and %s disagree about image %s: %s and %s", other.from, v.from, v.image.Name, other.value, v.value).
				WithHint("import the one that is right: tagboat pins --import PARAMETER --env %s", v.env.Name)
		}
		other.version.Tag = cmp.Or(other.version.Tag, v.version.Tag)
		other.version.Digest = cmp.Or(other.version.Digest, v.version.Digest)
		return nil
	}
	m.claims = append(m.claims, v)
	return nil
}

func agree[T ~string](a, b T) bool { return a == "" || b == "" || a == b }

// NewForm says that a parameter goes on to hold more than its readers are used to.
type NewForm struct{ Parameter string }

// String implements operation.Event.
func (n NewForm) String() string {
	return n.Parameter + " held tags alone, and its readers find tag@digest from now on; ledger: {form: tag} keeps what they had"
}
