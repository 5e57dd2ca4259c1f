package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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
// not mention have no pin. The error is of those whose value is no version.
func (g Group) pins(v values, version int64) ([]tagboat.Pin, error) {
	var pins []tagboat.Pin
	var bad []error
	for _, image := range slices.Sorted(maps.Keys(g.Images)) {
		value, ok := v[g.key(image)]
		if !ok {
			continue
		}
		ref, err := g.Form.Parse(value, g.Images[image])
		if err != nil {
			bad = append(bad, tagboat.Usagef("parameter %s has %q for image %s: %w", g.Parameter, value, image, err).
				WithHint("put a good value there, such as that of an earlier version: aws ssm get-parameter-history --name %s", g.Parameter))
			continue
		}
		pins = append(pins, tagboat.Pin{
			Image: image, Repository: ref.Name(), Tag: ref.Tag, Digest: ref.Digest,
			Parameter: g.Parameter, ParameterVersion: version,
		})
	}
	return pins, errors.Join(bad...)
}

// Form is how a pin is written into a parameter's value. The zero value stands for
// FormTagDigest.
type Form string

// The forms. FormTagDigest alone keeps both what people read and what runs; the others
// are for templates that want just that.
const (
	FormTagDigest Form = "tag@digest" // 1.4.2@sha256:…
	FormTag       Form = "tag"        // 1.4.2
	FormDigest    Form = "digest"     // sha256:…
	FormURI       Form = "uri"        // registry/repository@sha256:…, which ECS takes as it is
)

// Encode returns ref in form f, or an error of kind Usage where ref lacks what f needs.
func (f Form) Encode(ref tagboat.Reference) (string, error) {
	switch {
	case f == FormTag && ref.Tag == "":
		return "", tagboat.Usagef("%s has no tag, and the ledger's form is %s", ref, f).
			WithHint("pin a tag, or choose the form tag@digest")
	case f == FormTag:
		return ref.Tag, nil
	case ref.Digest == "":
		return "", tagboat.Usagef("%s has no digest to pin", ref)
	case f == FormDigest:
		return string(ref.Digest), nil
	case f == FormURI:
		return ref.Pinned(), nil
	case ref.Tag == "":
		return string(ref.Digest), nil
	default:
		return ref.Tag + "@" + string(ref.Digest), nil
	}
}

// Parse reads a value for an image of the given repository. It takes what any form
// writes, so that the form of a ledger can be changed while values in the old one are
// still there; only FormURI takes a repository without a slash in it. The error is of
// kind Usage.
func (f Form) Parse(value string, repository tagboat.Reference) (tagboat.Reference, error) {
	ref := tagboat.Reference{Host: repository.Host, Repository: repository.Repository}
	if f == FormURI && !strings.HasPrefix(value, "sha256:") || strings.Contains(value, "/") {
		return tagboat.ParseReference(value)
	}
	tag, digest, both := strings.Cut(value, "@")
	if !both && strings.HasPrefix(value, "sha256:") {
		tag, digest = "", value
	}
	if digest != "" || both {
		d, err := tagboat.ParseDigest(digest)
		if err != nil {
			return tagboat.Reference{}, err
		}
		ref.Digest = d
	}
	if tag != "" || both || digest == "" {
		if !tagboat.ValidTag(tag) {
			return tagboat.Reference{}, tagboat.Usagef("%q is not a tag", tag)
		}
		ref.Tag = tag
	}
	return ref, nil
}

// Tier is what a parameter costs and how much fits into it. The zero value leaves it to
// the account, whose default is standard.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
type Tier string

// The tiers. A parameter that is advanced never goes back to standard.
const (
	TierStandard    Tier = "standard"
	TierAdvanced    Tier = "advanced"
	TierIntelligent Tier = "intelligent-tiering" // standard until it has to be advanced
)

// What a value can have, in bytes.
const (
	maxStandard = 4096
	maxAdvanced = 8192
)

func (t Tier) maxValue() int {
	if t == TierAdvanced || t == TierIntelligent {
		return maxAdvanced
	}
	return maxStandard
}

// checkSize says before the write what AWS would say after it: what takes how much of a
// value that is too large, and how to split it.
func (g Group) checkSize(v values) error {
	n, most := len(v.String()), g.Tier.maxValue()
	if n <= most {
		return nil
	}
	return tagboat.Usagef("parameter %s would hold %d bytes, and a parameter of its tier takes %d: %s", g.Parameter, n, most, shareList(g.shares(v))).
		WithHint("%s", g.advice(v, n))
}

// write returns v as it is written over version base. A mark that does not fit is left
// out: without one, the history is asked.
func (g Group) write(v values, base int64) string {
	if marked := v.markedFor(base); len(marked) <= g.Tier.maxValue() {
		return marked
	}
	return v.String()
}

// advice says how a value of n bytes can be kept.
func (g Group) advice(v values, n int) string {
	if g.holds {
		return fmt.Sprintf("hold the whole environment: tagboat hold --env %s", g.Environment)
	}
	split := "split the images in tagboat.yaml"
	if parts := g.split(v); len(parts) > 1 {
		split += fmt.Sprintf(": ledger: {groups: {%s}}, and carry their pins over: tagboat pins --import %s --env %s",
			strings.Join(parts, ", "), g.Parameter, g.Environment)
	}
	if g.Tier.maxValue() < n && n <= maxAdvanced {
		return "write tier: advanced for it in tagboat.yaml, which takes 8192 bytes, is charged for and has no way back; or " + split
	}
	return split
}

// share is what one key takes of a value.
type share struct {
	image tagboat.ImageName // "" for keys of others, which count as one
	bytes int               // with quotes, colon and comma
}

// shares returns what each image takes, the largest first, and what the keys of others
// take at the end.
func (g Group) shares(v values) []share {
	var shares []share
	var others share
	for key, value := range v {
		n := len(values{key: value}.String()) - len("{}") + len(",")
		if image, ok := g.image(key); ok {
			shares = append(shares, share{image, n})
		} else {
			others.bytes += n
		}
	}
	slices.SortFunc(shares, func(a, b share) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.image, b.image))
	})
	if others.bytes > 0 {
		shares = append(shares, others)
	}
	return shares
}

func shareList(shares []share) string {
	var texts []string
	for _, s := range shares {
		texts = append(texts, fmt.Sprintf("%s %d", cmp.Or(string(s.image), "keys of others"), s.bytes))
	}
	return strings.Join(texts, ", ")
}

// split proposes groups of about the same size with a quarter of it free, as lines of
// tagboat.yaml: all new ones, since nothing is ever taken out of the old parameter.
func (g Group) split(v values) []string {
	shares, total := g.shares(v), 0
	shares = slices.DeleteFunc(shares, func(s share) bool { return s.image == "" })
	slices.SortFunc(shares, func(a, b share) int { return cmp.Compare(a.image, b.image) })
	for _, s := range shares {
		total += s.bytes
	}
	room := g.Tier.maxValue() * 3 / 4
	count := (total + room - 1) / room
	var groups []string
	var images []string
	filled := 0
	for i, s := range shares {
		images = append(images, string(s.image))
		filled += s.bytes
		if last := i == len(shares)-1; last || filled*count >= total*(len(groups)+1) {
			groups = append(groups, fmt.Sprintf("%s-%d: {images: [%s]}", g.Name, len(groups)+1, strings.Join(images, ", ")))
			images = nil
		}
	}
	return groups
}
