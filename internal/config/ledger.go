package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/source"
)

// Key is what an image is called in a parameter's JSON.
type Key string

// The keys.
const (
	ByName       Key = "name"       // as in tagboat.yaml
	ByRepository Key = "repository" // the repository without its host
)

// Ledger says where Parameter Store holds the pins.
type Ledger struct {
	Groups      []Group // by name; each image is in just one
	Projections Projections
	Holds       string // a pattern of the parameter that keeps an environment's holds
}

// Group is images whose pins share a parameter in each environment.
type Group struct {
	Name   string
	Images []tagboat.ImageName // by name
	Path   string              // a pattern: Config.ParameterName fills it in
	Form   ledger.Form
	Tier   ledger.Tier
	Key    Key
	Shared bool // environments may have one parameter between them
	at     tagboat.Position
}

// KeyOf returns what an image of the group is called in its parameter.
func (g Group) KeyOf(image Image) string {
	if g.Key == ByRepository {
		return image.Repository.Repository
	}
	return string(image.Name)
}

// GroupOf returns the group of an image of the file.
func (c *Config) GroupOf(image tagboat.ImageName) Group {
	for _, g := range c.Ledger.Groups {
		if slices.Contains(g.Images, image) {
			return g
		}
	}
	return Group{}
}

const (
	defaultLedgerPath = "/containers/{environment}/{group}"
	defaultHoldsPath  = "/tagboat/{environment}/{app}/holds"
)

func (b *builder) ledger() {
	b.config.Ledger.Groups = b.groups()
	b.config.Ledger.Projections = b.projections()
	sound := b.holds()
	for _, g := range b.config.Ledger.Groups {
		sound = b.parameterPath(g.Path, g.at, g.Name, "") && sound
		b.keys(g)
	}
	for _, image := range b.config.Ledger.Projections.Images {
		p := b.config.Ledger.Projections
		b.projectable(p, b.config.GroupOf(image), image)
		if !b.parameterPath(p.Path, p.at, b.config.GroupOf(image).Name, image) {
			return
		}
	}
	if sound {
		b.sharing()
	}
}

// holds reports whether each environment has a parameter for its holds.
func (b *builder) holds() bool {
	from := b.file.Ledger.Holds
	b.config.Ledger.Holds = defaultHoldsPath
	if from.At.File != "" {
		b.config.Ledger.Holds = from.Value
	}
	return b.parameterPath(b.config.Ledger.Holds, from.At, "", "")
}

// keys notes images of a group that would have the same key.
func (b *builder) keys(g Group) {
	taken := map[string]tagboat.ImageName{}
	for _, name := range g.Images {
		image := b.config.Images[name]
		key := g.KeyOf(image)
		if other, ok := taken[key]; ok {
			b.problem(image.Where, "the images %s and %s would both be %q in the parameter of the group %s", other, name, key, g.Name).
				hint("write key: name, or put them into different groups")
		}
		taken[key] = name
	}
}

// text is the first of texts that is in the file.
func firstText(texts ...source.Text) source.Text {
	for _, t := range texts {
		if t.At.File != "" {
			return t
		}
	}
	return source.Text{}
}

// groups returns the groups of the file, and the one of the images that are in none of
// them, which is called like the application.
func (b *builder) groups() []Group {
	taken := map[tagboat.ImageName]string{}
	var groups []Group
	common := fileGroup{}
	for _, entry := range b.file.Ledger.Groups {
		if !tagboat.ValidImageName(entry.Name) {
			b.problem(entry.At, "%q cannot be the name of a group", entry.Name).hint(nameHint + "; a group's may have slashes too")
		}
		images := b.members(entry, taken)
		if entry.Name == b.config.App {
			common = entry.Value
			continue
		}
		if len(entry.Value.Images) == 0 {
			b.problem(entry.At, "the group %s has no images", entry.Name).hint("name some: images: [%s]", strings.Join(b.imageNames(), ", "))
		}
		g := b.group(entry.Name, entry.Value, images)
		if g.at.File == "" {
			g.at = entry.At // the path is the default one, and the name fills it
		}
		groups = append(groups, g)
	}
	var rest []tagboat.ImageName
	for _, name := range b.imageNames() {
		if group, ok := taken[tagboat.ImageName(name)]; !ok || group == b.config.App {
			rest = append(rest, tagboat.ImageName(name))
		}
	}
	if len(rest) > 0 || len(groups) == 0 {
		groups = append(groups, b.group(b.config.App, common, rest))
	}
	slices.SortFunc(groups, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	return groups
}

// members returns the images that a group names, and notes them as taken.
func (b *builder) members(entry source.Entry[fileGroup], taken map[tagboat.ImageName]string) []tagboat.ImageName {
	var images []tagboat.ImageName
	for _, text := range entry.Value.Images {
		name := tagboat.ImageName(text.Value)
		if _, ok := b.config.Images[name]; !ok {
			b.unknown("image", text, b.imageNames())
			continue
		}
		if other, ok := taken[name]; ok {
			b.problem(text.At, "the image %s is in the group %s already", name, other).hint("an image has one pin in an environment: name it once")
			continue
		}
		taken[name] = entry.Name
		images = append(images, name)
	}
	return images
}

func (b *builder) group(name string, from fileGroup, images []tagboat.ImageName) Group {
	whole := b.file.Ledger
	path := firstText(from.Path, whole.Path)
	slices.Sort(images)
	return Group{
		Name:   name,
		Images: images,
		Path:   cmp.Or(path.Value, defaultLedgerPath),
		Form:   ledger.Form(cmp.Or(from.Form, whole.Form, string(ledger.FormTagDigest))),
		Tier:   ledger.Tier(cmp.Or(from.Tier, whole.Tier)),
		Key:    Key(cmp.Or(from.Key, whole.Key, string(ByName))),
		Shared: from.Shared,
		at:     path.At,
	}
}

// Projections are parameters that hold one image's pin each, for templates that take no
// JSON apart. They follow the ledger and are never read as its truth. The zero value is
// none.
type Projections struct {
	Path   string              // a pattern with {image} in it
	Form   ledger.Form         // uri where the file does not say
	Images []tagboat.ImageName // by name
	at     tagboat.Position
}

// has reports whether an image has a projection.
func (p Projections) has(image tagboat.ImageName) bool { return slices.Contains(p.Images, image) }

func (b *builder) projections() Projections {
	from := b.file.Ledger.Projections
	if from == nil {
		return Projections{}
	}
	p := Projections{Path: from.Path.Value, Form: ledger.Form(cmp.Or(from.Form, string(ledger.FormURI))), at: from.Path.At}
	if !strings.Contains(p.Path, "{image}") {
		b.problem(p.at, "the path %q has no {image} in it, and each image needs a parameter of its own", p.Path).
			hint("write it like /containers/{environment}/{image}")
		return Projections{}
	}
	for _, text := range from.Images {
		if _, ok := b.config.Images[tagboat.ImageName(text.Value)]; !ok {
			b.unknown("image", text, b.imageNames())
			continue
		}
		p.Images = append(p.Images, tagboat.ImageName(text.Value))
	}
	if len(from.Images) == 0 {
		for _, name := range b.imageNames() {
			p.Images = append(p.Images, tagboat.ImageName(name))
		}
	}
	slices.Sort(p.Images)
	p.Images = slices.Compact(p.Images)
	return p
}

// projectable notes an image whose group does not keep what its projection shows.
func (b *builder) projectable(p Projections, g Group, image tagboat.ImageName) {
	noDigest := g.Form == ledger.FormTag && p.Form != ledger.FormTag
	noTag := (g.Form == ledger.FormDigest || g.Form == ledger.FormURI) && p.Form == ledger.FormTag
	if noDigest || noTag {
		b.problem(p.at, "the group %s keeps versions as %s, and the projection of %s is to show %s", g.Name, g.Form, image, p.Form).
			hint("choose the form tag@digest for the group: it keeps both")
	}
}
