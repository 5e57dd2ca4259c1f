package config

import (
	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

func (b *builder) images() {
	b.config.Images = map[tagboat.ImageName]Image{}
	for _, entry := range b.file.Images {
		if !tagboat.ValidImageName(entry.Name) {
			b.problem(entry.At, "%q cannot be the name of an image", entry.Name).hint(nameHint + "; an image's may have slashes too")
		}
		name := tagboat.ImageName(entry.Name)
		b.config.Images[name] = Image{
			Name:       name,
			Repository: b.repository(entry.Value.Repository),
			Select:     b.rule(entry.Value.Select),
			Where:      entry.At,
		}
	}
}

func (b *builder) repository(text source.Text) tagboat.Reference {
	ref, err := tagboat.ParseReference(text.Value)
	switch {
	case err != nil:
		b.problem(text.At, "%q is not a repository", text.Value).
			hint("write it like shop/api, or with its host: public.ecr.aws/shop/api")
	case ref.Tag != "":
		b.problem(text.At, "a repository has no tag, and %q has %q", text.Value, ref.Tag).
			hint("write repository: %s and select: {tag: %q}", ref.Name(), ref.Tag)
	case ref.Digest != "":
		b.problem(text.At, "a repository has no digest, and %q has one", text.Value).
			hint("write repository: %s; tagboat pin chooses the digest", ref.Name())
	case ref.Host == "" && b.config.Registry == "":
		b.problem(text.At, "the repository %q has no host, and this file names no registry", text.Value).
			hint("add registry: HOST at the top, or write the repository with its host")
	case ref.Host == "":
		ref.Host = b.config.Registry
	}
	return ref
}

func (b *builder) imageNames() []string { return entryNames(b.file.Images) }

func entryNames[V any](entries source.Entries[V]) []string {
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name)
	}
	return names
}
