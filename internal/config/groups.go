package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

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
		Form:   Form(cmp.Or(from.Form, whole.Form, string(TagAtDigest))),
		Tier:   Tier(cmp.Or(from.Tier, whole.Tier)),
		Key:    Key(cmp.Or(from.Key, whole.Key, string(ByName))),
		Shared: from.Shared,
		at:     path.At,
	}
}
