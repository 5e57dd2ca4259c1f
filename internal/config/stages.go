package config

import (
	"cmp"
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
		case i == 0 && from.Gates.Soak > 0:
			b.problem(from.Name.At, "the first stage has no stage before it in which a release could soak").hint("write soak in the gates of the next stage")
		}
		b.keeps(i, from)
		first[name] = from.Name.At
		b.config.Stages = append(b.config.Stages, Stage{
			Name:     tagboat.StageName(name),
			Auto:     Auto(from.Auto),
			Keep:     time.Duration(from.Keep),
			Until:    from.Until,
			Overtake: from.Overtake,
			Gates:    b.gates(from),
			Confirm:  from.Confirm,
			Tags:     b.tagPatterns(from.Tags, stageTagNames),
			Where:    from.Name.At,
		})
	}
}

// keeps refuses a stage that could not keep a release for automation.
func (b *builder) keeps(i int, from fileStage) {
	name := from.Name.Value
	switch last := i == len(b.file.Stages)-1; {
	case from.Overtake && (from.Auto == "" || from.Auto == string(AutoOff)):
		b.problem(from.Name.At, "automation brings nothing to the stage %q, so that nothing overtakes", name).
			hint("write auto: newest or auto: upstream, or leave overtake out")
	case from.Overtake && (from.Keep > 0 || from.Until != ""):
		b.problem(from.Name.At, "the stage %q keeps a release, and lets the next one overtake it", name).hint("write overtake, or keep or until")
	case from.Keep == 0 && from.Until == "":
	case from.Keep > 0 && from.Until != "":
		b.problem(from.Name.At, "the stage %q has both keep and until", name).hint("write one of them")
	case from.Auto == "" || from.Auto == string(AutoOff):
		b.problem(from.Name.At, "automation brings nothing to the stage %q, so that there is nothing to keep a release from", name).
			hint("write auto: newest or auto: upstream, or leave keep and until out")
	case from.Until != "" && last:
		b.problem(from.Name.At, "the last stage has no next one whose soak could verify a release").hint("write keep: 2h, or leave until out")
	case from.Until != "" && b.file.Stages[i+1].Gates.Soak == 0:
		b.problem(from.Name.At, "the stage after %q has no soak that could verify a release", name).
			hint("write gates: {soak: 2h} at the stage %s, or keep: 2h at this one", b.file.Stages[i+1].Name.Value)
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
	if from.Gates.Lapse > 0 && g.Approvals == 0 {
		b.problem(from.Name.At, "the stage %q says how long approvals last, and asks for none", from.Name.Value).hint("write approvals: 1, or leave approvalsLast out")
	}
	g.Lapse = cmp.Or(time.Duration(from.Gates.Lapse), approvalsLast)
	g.Check = b.check(from)
	if w := from.Gates.Window; w != nil {
		if w.For == 0 && w.Cron != "" {
			b.problem(from.Name.At, "the window of the stage %q is never open", from.Name.Value).hint("write how long it stays open, such as for: 8h")
		}
		g.Window = &Window{Opens: w.Cron, For: time.Duration(w.For), Zone: w.Zone.location()}
	}
	g.Labels = b.gateLabels(from)
	if from.Gates.Signature != nil {
		g.Signature = b.path(from.Gates.Signature.Key)
	}
	return g
}

// OfReleases returns the gates, as tagboat.yaml calls them, that look at a whole release: how it
// ran, who approved it, and when it may enter.
func (g Gates) OfReleases() []string {
	var names []string
	for _, gate := range []struct {
		name string
		has  bool
	}{{"soak", g.Soak > 0}, {"approvals", g.Approvals > 0}, {"window", g.Window != nil}, {"check", g.Check != nil}} {
		if gate.has {
			names = append(names, gate.name)
		}
	}
	return names
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

// anything stands for what is not known in a tag that is made into a filter.
const anything = "ANY_VALUE"

// Filter returns what the tags of the pattern look like to Amazon ECR, with * for a time and for
// names that are not known.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
func (p TagPattern) Filter(names map[string]string) string {
	tag := tagPlaceholder().ReplaceAllStringFunc(string(p), func(found string) string {
		if name := tagPlaceholder().FindStringSubmatch(found)[1]; names[name] != "" {
			return names[name]
		}
		return anything
	})
	return strings.ReplaceAll(TagPattern(tag).Expand(nil, time.Time{}), anything, "*")
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

// WhoseTag returns a function that tells the stage that writes a tag on an image's versions;
// "" for none. A pattern with nothing of its own in it, such as {tag}, is none's.
func (c *Config) WhoseTag(image tagboat.ImageName) func(tag string) tagboat.StageName {
	type form struct {
		stage tagboat.StageName
		tags  *regexp.Regexp
	}
	var forms []form
	for _, env := range c.SortedEnvironments() {
		names := c.TagNames(env, tagboat.Pin{Image: image})
		for _, pattern := range c.StageOf(env).Tags {
			if tags := pattern.form(names); tags != nil {
				forms = append(forms, form{env.Stage, tags})
			}
		}
	}
	return func(tag string) tagboat.StageName {
		for _, f := range forms {
			if f.tags.MatchString(tag) {
				return f.stage
			}
		}
		return ""
	}
}

// form returns what the tags of a pattern look like: with what is known in it, and anything
// for a version's own tag or digest and for a time. A tag that was taken has a number
// behind it. Where nothing is known there is no form.
func (p TagPattern) form(names map[string]string) *regexp.Regexp {
	known := false
	literal := func(text string) string {
		text = notInTag().ReplaceAllString(text, "-")
		known = known || strings.Trim(text, "._-") != ""
		return regexp.QuoteMeta(text)
	}
	var b strings.Builder
	at := 0
	for _, m := range tagPlaceholder().FindAllStringSubmatchIndex(string(p), -1) {
		b.WriteString(literal(string(p[at:m[0]])))
		at = m[1]
		switch name := string(p[m[2]:m[3]]); name {
		case "time", "tag", "digest", "commit", "short", "branch":
			b.WriteString(".+")
		default:
			b.WriteString(literal(names[name]))
		}
	}
	b.WriteString(literal(string(p[at:])))
	if !known {
		return nil
	}
	return regexp.MustCompile("^" + b.String() + `(-\d+)?$`)
}

// MovingTag returns a function that reports whether publish.tags moves a tag of an image from
// version to version.
func (c *Config) MovingTag(image tagboat.ImageName) func(tag string) bool {
	var forms []*regexp.Regexp
	for _, pattern := range c.Publish.Tags {
		if form := pattern.form(map[string]string{"app": c.App, "image": string(image)}); form != nil && pattern.Moves() {
			forms = append(forms, form)
		}
	}
	return func(tag string) bool {
		return slices.ContainsFunc(forms, func(form *regexp.Regexp) bool { return form.MatchString(tag) })
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
