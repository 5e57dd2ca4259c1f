package selection

import (
	"fmt"
	"strings"
	"time"
)

// key is what candidates compare by, before push time and tag.
type key struct {
	text    string   // as it stands in the tag
	version *version // nil where the order is another one
	at      time.Time
}

// layouts are the forms of time that are known without a layout. No text has two of them.
var layouts = []string{
	"20060102150405", "200601021504", "20060102",
	"20060102-150405", "20060102-1504", "20060102T150405Z", "20060102T1504Z",
	"2006-01-02", "2006-01-02-15-04", "2006-01-02-15-04-05", "2006-01-02T15-04-05Z",
}

// keyOf returns the key of a tag, or why it has none.
func (r Rule) keyOf(tag string) (key, reason) {
	k := key{text: tag}
	if r.match != nil {
		m := r.match.FindStringSubmatchIndex(tag)
		if m == nil {
			return k, noMatch
		}
		if m[2*r.group] < 0 || m[2*r.group] == m[2*r.group+1] {
			return k, reason(fmt.Sprintf("matches, but its group %q is empty", r.groupName()))
		}
		k.text = tag[m[2*r.group]:m[2*r.group+1]]
		if r.group == 0 {
			k.text = tag
		}
	}
	return r.parseKey(k)
}

func (r Rule) groupName() string { return r.match.SubexpNames()[r.group] }

// parseKey reads the text of a key as the rule's order has it.
func (r Rule) parseKey(k key) (key, reason) {
	switch r.order() {
	case Semver:
		v, err := parseVersion(k.text)
		if err != nil {
			return k, notVersion(err)
		}
		k.version = &v
		if r.constraint != nil {
			if ok, why := r.constraint.allows(v); !ok {
				return k, why
			}
		}
	case Numeric:
		if !isDigits(k.text) {
			return k, reason(fmt.Sprintf("is no whole number: %s", k.text))
		}
	case Time:
		at, ok := r.parseTime(k.text)
		if !ok {
			return k, reason(fmt.Sprintf("is no time of the form %s: %s", r.layoutText(), k.text))
		}
		k.at = at
	}
	return k, ""
}

func (r Rule) parseTime(s string) (time.Time, bool) {
	known := layouts
	if r.Layout != "" {
		known = []string{r.Layout}
	}
	for _, layout := range known {
		if at, err := time.Parse(layout, s); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func (r Rule) layoutText() string {
	if r.Layout != "" {
		return r.Layout
	}
	return layouts[0] + " or " + layouts[4]
}

// compareKeys compares by the rule's order alone; rules without one have equal keys.
func (r Rule) compareKeys(a, b key) int {
	switch r.order() {
	case Semver:
		return a.version.compare(*b.version)
	case Numeric:
		return compareDigits(a.text, b.text)
	case Alphabetical:
		return strings.Compare(a.text, b.text)
	case Time:
		return a.at.Compare(b.at)
	default:
		return 0
	}
}
