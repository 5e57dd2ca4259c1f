package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// Projections are parameters that hold one image's pin each, for templates that take no
// JSON apart. They follow the ledger and are never read as its truth. The zero value is
// none.
type Projections struct {
	Path   string              // a pattern with {image} in it
	Form   Form                // uri where the file does not say
	Images []tagboat.ImageName // by name
	at     tagboat.Position
}

// Has tells whether an image has a projection.
func (p Projections) Has(image tagboat.ImageName) bool { return slices.Contains(p.Images, image) }

func (b *builder) projections() Projections {
	from := b.file.Ledger.Projections
	if from == nil {
		return Projections{}
	}
	p := Projections{Path: from.Path.Value, Form: Form(cmp.Or(from.Form, string(URI))), at: from.Path.At}
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
	noDigest := g.Form == TagOnly && p.Form != TagOnly
	noTag := (g.Form == DigestOnly || g.Form == URI) && p.Form == TagOnly
	if noDigest || noTag {
		b.problem(p.at, "the group %s keeps versions as %s, and the projection of %s is to show %s", g.Name, g.Form, image, p.Form).
			hint("choose the form tag@digest for the group: it keeps both")
	}
}
