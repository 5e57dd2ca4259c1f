package taskdef

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// The docker labels that say in words which version a digest is.
const (
	LabelTag      = "tagboat.tag"
	LabelImage    = "tagboat.image"
	LabelRevision = "tagboat.revision"

	labelPrefix = "tagboat."
)

// Images returns which image each container of the template runs: as containers,
// the map in tagboat.yaml, says, or as the template does with ${images.NAME}. A
// container without an image is an error at its place, and an entry of the map for a
// container that the template does not have is one at the entry's place.
func (t *Template) Images(containers map[tagboat.ContainerName]tagboat.ImageName, places map[tagboat.ContainerName]tagboat.Position) (map[tagboat.ContainerName]tagboat.ImageName, error) {
	used := map[tagboat.ContainerName]tagboat.ImageName{}
	var problems []error
	for _, n := range t.containerNodes() {
		name := tagboat.ContainerName(n.Field("name").Text)
		image, err := containerImage(n, name, containers[name])
		used[name] = image
		problems = append(problems, err)
	}
	known := make([]string, 0, len(used))
	for _, c := range t.containers() {
		known = append(known, string(c.Name))
	}
	for _, name := range slices.Sorted(maps.Keys(containers)) {
		if _, ok := used[name]; !ok {
			problems = append(problems, tagboat.Usagef("%s has no container %q", t.File, name).
				At(places[name]).WithHint("%s", tagboat.Suggest(string(name), known)))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return used, nil
}

func containerImage(n *source.Node, name tagboat.ContainerName, mapped tagboat.ImageName) (tagboat.ImageName, error) {
	var named tagboat.ImageName
	field := n.Field("image")
	if field != nil && field.Kind == source.String {
		if pieces, bad := parsePlaceholders(field.Text); bad == nil && len(pieces) == 1 && pieces[0].scope == scopeImages {
			named = tagboat.ImageName(pieces[0].name)
		}
	}
	switch {
	case mapped != "" && named != "" && mapped != named:
		return "", field.Errorf("the container %q runs %q here and %q in tagboat.yaml", name, named, mapped).
			WithHint("say it in one place")
	case mapped == "" && named == "":
		return "", errNoImage(n, name)
	default:
		return cmp.Or(mapped, named), nil
	}
}

func errNoImage(n *source.Node, name tagboat.ContainerName) error {
	place := n.Field("name")
	msg := fmt.Sprintf("no image is given for the container %q", name)
	if field := n.Field("image"); field != nil {
		place = field
		msg += ": an image that is written here would not be pinned"
	}
	return place.Errorf("%s", msg).
		WithHint("map it in tagboat.yaml: containers: {%s: IMAGE}, or write ${images.IMAGE} here", name)
}

// setImages writes the pinned images and their labels into the containers of d.
func (t *Template) setImages(d Definition, in Inputs, used map[tagboat.ContainerName]tagboat.ImageName) error {
	var problems []error
	for _, c := range d.containers() {
		name := tagboat.ContainerName(text(c["name"]))
		image := used[name]
		ref, ok := in.Images[image]
		if !ok || ref.Pinned() == "" {
			at, mapped := in.Places[name]
			if !mapped {
				at = t.Place("containerDefinitions", string(name))
			}
			problems = append(problems, in.notPinned(image, ref.Tag).At(at))
			continue
		}
		setImage(c, image, ref, in.Revisions[image])
	}
	return errors.Join(problems...)
}

// setImage makes a container run ref, and says which version that is. Labels of the
// version before are taken away.
func setImage(c map[string]any, image tagboat.ImageName, ref tagboat.Reference, revision string) {
	c["image"] = ref.Pinned()
	labels := map[string]any{}
	if old, ok := c["dockerLabels"].(map[string]any); ok {
		maps.Copy(labels, old)
	}
	for label, value := range map[string]string{
		LabelTag: ref.Tag, LabelImage: string(image), LabelRevision: revision,
	} {
		delete(labels, label)
		if value != "" {
			labels[label] = value
		}
	}
	c["dockerLabels"] = labels
}

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

// Tag returns the tag by which a version came into a container: what Tagboat's label says, and else
// the image itself where it names the digest as well. It is "" where neither does.
func (d Definition) Tag(container tagboat.ContainerName) string {
	if tag := d.Label(container, LabelTag); tag != "" {
		return tag
	}
	if named, err := tagboat.ParseReference(d.Containers()[container]); err == nil && named.Digest != "" {
		return named.Tag
	}
	return ""
}

// WithImages returns the input that registers current again with other images and nothing else, as
// CloudFormation does: it writes no labels.
func WithImages(current Definition, images map[tagboat.ContainerName]tagboat.Reference) Definition {
	d, _ := Input(current)
	for _, c := range d.containers() {
		if ref, ok := images[tagboat.ContainerName(text(c["name"]))]; ok {
			c["image"] = ref.String()
		}
	}
	return d
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
