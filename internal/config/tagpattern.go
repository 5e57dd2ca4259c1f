package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// TagPattern is a tag with placeholders, such as {environment}-{time:20060102-1504},
// where what follows time: is a layout of package time.
type TagPattern string

// timeLayout is the layout of {time} alone.
const timeLayout = "20060102-150405"

var (
	tagPlaceholder = regexp.MustCompile(`\{([a-z]+)(?::([^{}]*))?\}`)
	notInTag       = regexp.MustCompile(`[^A-Za-z0-9._-]+`)
)

// Expand fills in the names and the time, in UTC. What no tag may contain becomes a
// dash, as in a branch feature/x or a layout with slashes and colons, and what is too
// long is cut.
func (p TagPattern) Expand(names map[string]string, at time.Time) string {
	tag := tagPlaceholder.ReplaceAllStringFunc(string(p), func(found string) string {
		m := tagPlaceholder.FindStringSubmatch(found)
		if m[1] != "time" {
			return names[m[1]]
		}
		if m[2] == "" {
			m[2] = timeLayout
		}
		return at.UTC().Format(m[2])
	})
	tag = strings.TrimLeft(notInTag.ReplaceAllString(tag, "-"), ".-")
	return tag[:min(len(tag), 128)]
}

// Moves tells whether the tag is the same again and again, so that it has to move from
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
	for _, m := range tagPlaceholder.FindAllStringSubmatch(string(p), -1) {
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
	rest := tagPlaceholder.ReplaceAllString(text.Value, "")
	switch {
	case strings.ContainsAny(rest, "{}"):
		b.problem(text.At, "a placeholder of the tag %q cannot be read", text.Value).
			hint("write it like {environment} or {time:20060102-1504}")
	case notInTag.MatchString(rest) || !tagboat.ValidTag(p.Expand(sample, time.Unix(0, 0))):
		b.problem(text.At, "%q cannot be a tag", text.Value).
			hint("a tag has up to 128 letters, digits, dots, dashes and underscores, and placeholders: %s", fmt.Sprintf("{%s}", strings.Join(known, "}, {")))
	}
}
