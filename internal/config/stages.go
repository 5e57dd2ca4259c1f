package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

func (b *builder) stages() {
	first := map[string]tagboat.Position{}
	for i, from := range b.file.Stages {
		name := from.Name.Value
		switch before, twice := first[name]; {
		case twice:
			b.problem(from.Name.At, "the stage %q is defined twice", name).hint("the first is at %s", before)
		case !tagboat.ValidName(name):
			b.problem(from.Name.At, "%q cannot be the name of a stage", name).hint(nameHint)
		case i == 0 && from.Auto == "upstream":
			b.problem(from.Name.At, "the first stage has no stage before it to follow").hint("write auto: newest, or leave auto out")
		}
		first[name] = from.Name.At
		b.config.Stages = append(b.config.Stages, Stage{
			Name:  tagboat.StageName(name),
			Auto:  from.Auto,
			Gates: b.gates(from),
			Tags:  b.tagPatterns(from.Tags, stageTagNames),
			Where: from.Name.At,
		})
	}
}

func (b *builder) gates(from fileStage) Gates {
	g := Gates{Soak: time.Duration(from.Gates.Soak), Approvals: from.Gates.Approvals}
	if g.Approvals < 0 {
		b.problem(from.Name.At, "the stage %q asks for %d approvals", from.Name.Value, g.Approvals)
	}
	if from.Gates.Scan != nil {
		g.ScanMax = from.Gates.Scan.Max
	}
	if w := from.Gates.Window; w != nil {
		g.Window = &Window{Opens: w.Cron, For: time.Duration(w.For), Zone: w.Zone.location()}
	}
	g.Labels = b.gateLabels(from)
	if from.Gates.Signature != nil {
		g.Signature = b.path(from.Gates.Signature.Key)
	}
	return g
}

func (b *builder) stageNames() []string {
	names := make([]string, 0, len(b.config.Stages))
	for _, s := range b.config.Stages {
		names = append(names, string(s.Name))
	}
	return names
}

// RequiredLabel is a label, or an annotation, that a version must have to enter a stage.
type RequiredLabel struct {
	Name  string
	Value string // * stands for any characters; "*" alone for any value that is not empty
	Where tagboat.Position
}

// Matches reports whether a value is one that the stage asks for.
func (l RequiredLabel) Matches(value string) bool {
	if l.Value == "*" {
		return value != ""
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(l.Value), `\*`, `.*`)
	return regexp.MustCompile(`(?s)^` + pattern + `$`).MatchString(value)
}

func (b *builder) gateLabels(from fileStage) []RequiredLabel {
	var labels []RequiredLabel
	for _, entry := range from.Gates.Labels {
		if entry.Name == "" || entry.Value.Value == "" {
			b.problem(entry.At, "the gate labels needs the name of a label and its value").
				hint(`write it like tested: "yes", or org.opencontainers.image.revision: "*" for any value`)
		}
		labels = append(labels, RequiredLabel{Name: entry.Name, Value: entry.Value.Value, Where: entry.At})
	}
	return labels
}

// TagPattern is a tag with placeholders, such as {environment}-{time:20060102-1504},
// where what follows time: is a layout of package time.
type TagPattern string

// timeLayout is the layout of {time} alone.
const timeLayout = "20060102-150405"

var (
	tagPlaceholder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{([a-z]+)(?::([^{}]*))?\}`) })
	notInTag       = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^A-Za-z0-9._-]+`) })
)

// Expand fills in the names and the time, in UTC. What no tag may contain becomes a
// dash, as in a branch feature/x or a layout with slashes and colons, and what is too
// long is cut.
func (p TagPattern) Expand(names map[string]string, at time.Time) string {
	tag := tagPlaceholder().ReplaceAllStringFunc(string(p), func(found string) string {
		m := tagPlaceholder().FindStringSubmatch(found)
		if m[1] != "time" {
			return names[m[1]]
		}
		if m[2] == "" {
			m[2] = timeLayout
		}
		return at.UTC().Format(m[2])
	})
	tag = strings.TrimLeft(notInTag().ReplaceAllString(tag, "-"), ".-")
	return tag[:min(len(tag), 128)]
}

// ExpandTags returns the tags that patterns stand for, each once.
func ExpandTags(patterns []TagPattern, names map[string]string, at time.Time) []string {
	var tags []string
	for _, pattern := range patterns {
		if tag := pattern.Expand(names, at); tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// TagNames returns what the placeholders of a stage's tags stand for.
func (c *Config) TagNames(env Environment, pin tagboat.Pin) map[string]string {
	return map[string]string{
		"app": c.App, "stage": string(env.Stage), "environment": string(env.Name), "tenant": env.Tenant,
		"image": string(pin.Image), "tag": pin.Tag, "digest": pin.Digest.Short(),
	}
}

// StageOf returns an environment's stage.
func (c *Config) StageOf(env Environment) Stage {
	for _, stage := range c.Stages {
		if stage.Name == env.Stage {
			return stage
		}
	}
	return Stage{Name: env.Stage}
}

// Moves reports whether the tag is the same again and again, so that it has to move from
// version to version.
func (p TagPattern) Moves() bool {
	for _, name := range p.placeholders() {
		if slices.Contains([]string{"time", "tag", "digest", "commit", "short"}, name) {
			return false
		}
	}
	return true
}

func (p TagPattern) placeholders() []string {
	var names []string
	for _, m := range tagPlaceholder().FindAllStringSubmatch(string(p), -1) {
		names = append(names, m[1])
	}
	return names
}

// Names of placeholders: what a stage knows of a pin, and what a build knows of itself.
var (
	stageTagNames   = []string{"app", "stage", "environment", "tenant", "image", "tag", "digest", "time"}
	publishTagNames = []string{"app", "image", "commit", "short", "branch", "time"}
)

// tagPatterns checks patterns by filling them in with something.
func (b *builder) tagPatterns(from []source.Text, known []string) []TagPattern {
	var patterns []TagPattern
	for _, text := range from {
		p := TagPattern(text.Value)
		b.tagPattern(text, p, known)
		patterns = append(patterns, p)
	}
	return patterns
}

func (b *builder) tagPattern(text source.Text, p TagPattern, known []string) {
	sample := map[string]string{}
	for _, name := range known {
		sample[name] = "x"
	}
	for _, name := range p.placeholders() {
		if !slices.Contains(known, name) {
			b.problem(text.At, "unknown placeholder {%s} in the tag %q", name, text.Value).hint("%s", tagboat.Suggest(name, known))
			return
		}
	}
	rest := tagPlaceholder().ReplaceAllString(text.Value, "")
	switch {
	case strings.ContainsAny(rest, "{}"):
		b.problem(text.At, "a placeholder of the tag %q cannot be read", text.Value).
			hint("write it like {environment} or {time:20060102-1504}")
	case notInTag().MatchString(rest) || !tagboat.ValidTag(p.Expand(sample, time.Unix(0, 0))):
		b.problem(text.At, "%q cannot be a tag", text.Value).
			hint("a tag has up to 128 letters, digits, dots, dashes and underscores, and placeholders: %s", fmt.Sprintf("{%s}", strings.Join(known, "}, {")))
	}
}
