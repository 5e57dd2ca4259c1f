package config

import (
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/selection"
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

// fileSelect is a selection rule; one of its fields says what kind of rule it is.
type fileSelect struct {
	Tag      source.Text `yaml:"tag" doc:"always the version that has this tag"`
	Semver   source.Text `yaml:"semver" doc:"the highest semantic version within a constraint, such as >=1.2.0 <2, 1.4.x or ^1.2.0-0; prereleases only where it names one"`
	Match    source.Text `yaml:"match" doc:"a Go regular expression that tags must match, with a named group such as (?P<n>\\d+); goes with order, or with semver for a constraint"`
	Order    source.Text `yaml:"order" enum:"semver,version,numeric,alphabetical,time" doc:"how tags, or the groups that by names, compare: semver, version (any number of numbers, whatever stands between them), numeric (whole numbers of any length), alphabetical (byte by byte) or time"`
	By       texts       `yaml:"by" doc:"the group of match that is compared, or several, the first one first; may be left out where there is only one with a name"`
	Layout   source.Text `yaml:"layout" doc:"how times are written, as the moment 2006-01-02 15:04:05 would be: 20060102-1504"`
	Newest   source.Text `yaml:"newest" enum:"push" doc:"push: the version that was pushed last"`
	Untagged bool        `yaml:"untagged" doc:"versions without a tag count too, with newest: push"`
	Follow   source.Text `yaml:"follow" doc:"what this tag stands for, wherever it moves"`
	Platform source.Text `yaml:"platform" doc:"a platform that a version must have, such as linux/arm64"`
	Ignore   texts       `yaml:"ignore" doc:"Go regular expressions of tags that do not count"`
	MinAge   Duration    `yaml:"minAge" doc:"how long ago a version must have been pushed, such as 2h"`
	Where    tagboat.Position
}

// texts is a list of strings, or one alone.
type texts []source.Text

// DecodeNode implements source.Decoder.
func (p *texts) DecodeNode(n *source.Node) error {
	if n.Kind == source.String {
		*p = texts{{Value: n.Text, At: n.At}}
		return nil
	}
	return source.Decode(n, (*[]source.Text)(p))
}

// JSONSchema implements source.Schemer.
func (texts) JSONSchema() map[string]any {
	text := map[string]any{"type": "string"}
	return map[string]any{"anyOf": []any{text, map[string]any{"type": "array", "items": text}}}
}

func (p texts) values() []string {
	var all []string
	for _, text := range p {
		all = append(all, text.Value)
	}
	return all
}

// place returns where the first one is.
func (p texts) place() tagboat.Position {
	if len(p) == 0 {
		return tagboat.Position{}
	}
	return p[0].At
}

var (
	_ source.Decoder = (*texts)(nil)
	_ source.Schemer = texts(nil)
)

func (f fileSelect) spec() selection.Spec {
	return selection.Spec{
		Tag: f.Tag.Value, Semver: f.Semver.Value, Match: f.Match.Value, Order: selection.Order(f.Order.Value), By: f.By.values(),
		Layout: f.Layout.Value, Newest: f.Newest.Value, Untagged: f.Untagged, Follow: f.Follow.Value,
		Platform: f.Platform.Value, MinAge: time.Duration(f.MinAge), Ignore: f.Ignore.values(),
	}
}

// place returns where a field of the rule is, or the rule itself.
func (f fileSelect) place(field string) tagboat.Position {
	at := map[string]tagboat.Position{
		"tag": f.Tag.At, "semver": f.Semver.At, "match": f.Match.At, "order": f.Order.At, "by": f.By.place(),
		"layout": f.Layout.At, "newest": f.Newest.At, "follow": f.Follow.At, "platform": f.Platform.At, "ignore": f.Ignore.place(),
	}[field]
	if at.File == "" {
		return f.Where
	}
	return at
}

// rule compiles a rule and notes what is wrong with it at its place.
func (b *builder) rule(f fileSelect) selection.Rule {
	for field, text := range map[string]source.Text{"tag": f.Tag, "semver": f.Semver, "match": f.Match, "order": f.Order, "newest": f.Newest, "follow": f.Follow} {
		if text.At.File != "" && text.Value == "" {
			b.problem(text.At, "%s is empty", field)
		}
	}
	rule, problems := selection.Compile(f.spec())
	for _, p := range problems {
		b.problem(f.place(p.Field), "%s", p.Msg).hint("%s", p.Hint)
	}
	return rule
}

// ParseRule reads a selection rule as it stands in a file: {semver: ">=1.0.0"}. The braces
// may be left out. from says where it comes from, for errors, which are of kind Usage.
func ParseRule(from, text string) (selection.Rule, error) {
	if len(text) > 0 && text[0] != '{' {
		text = "{" + text + "}"
	}
	root, err := source.Parse(from, []byte(text))
	if err != nil {
		return selection.Rule{}, err
	}
	var f fileSelect
	if err := source.Decode(root, &f); err != nil {
		return selection.Rule{}, err
	}
	var b builder
	rule := b.rule(f)
	if len(b.problems) > 0 {
		return rule, b.problems[0]
	}
	if rule.Empty() {
		return rule, tagboat.Usagef("%q is not a rule", text).WithHint(`write it like 'semver: ">=1.0.0"'`)
	}
	return rule, nil
}
