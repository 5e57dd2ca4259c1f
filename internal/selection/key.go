package selection

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// key is what candidates compare by, before push time and tag: one part after the other,
// one for each group that the rule names.
type key []part

// part is a text of a key, read as the rule's order has it. The zero value is a group that
// took no part in the match, and is lower than any other.
type part struct {
	text    string // as it stands in the tag
	version *version
	numbers []string
	at      time.Time
}

// text returns what the key was made of.
func (k key) text() string {
	if len(k) == 1 {
		return k[0].text
	}
	var texts []string
	for _, p := range k {
		if p.text != "" {
			texts = append(texts, p.text)
		}
	}
	return strings.Join(texts, " ")
}

// layouts are the forms of time that are known without a layout. No text has two of them.
var layouts = []string{
	"20060102150405", "200601021504", "20060102",
	"20060102-150405", "20060102-1504", "20060102T150405Z", "20060102T1504Z",
	"2006-01-02", "2006-01-02-15-04", "2006-01-02-15-04-05", "2006-01-02T15-04-05Z",
}

// keyOf returns the key of a tag, or why it has none.
func (r Rule) keyOf(tag string) (key, reason) {
	if r.match == nil { // a repository may have a hundred thousand tags that are skipped
		p, why := r.parsePart(0, tag)
		if why != "" {
			return nil, why
		}
		return key{p}, ""
	}
	texts, why := r.texts(tag)
	if why != "" {
		return nil, why
	}
	k := make(key, len(texts))
	for i, text := range texts {
		if text == "" {
			continue
		}
		if k[i], why = r.parsePart(i, text); why != "" {
			return nil, r.inGroup(i, why)
		}
	}
	return k, ""
}

// texts returns the texts of a tag's key by match. One alone must not be empty; of several
// some may.
func (r Rule) texts(tag string) ([]string, reason) {
	m := r.match.FindStringSubmatchIndex(tag)
	if m == nil {
		return nil, noMatch
	}
	texts, empty := make([]string, len(r.groups)), true
	for i, group := range r.groups {
		switch {
		case group == 0:
			texts[i] = tag
		case m[2*group] >= 0:
			texts[i] = tag[m[2*group]:m[2*group+1]]
		}
		empty = empty && texts[i] == ""
	}
	switch {
	case !empty:
		return texts, ""
	case len(texts) == 1:
		return nil, reason(fmt.Sprintf("matches, but its group %q is empty", r.groupName(0)))
	default:
		return nil, "matches, but all of its groups are empty"
	}
}

// groupName returns the name of the group that part i comes from; "" for the whole tag.
func (r Rule) groupName(i int) string {
	if r.match == nil || r.groups[i] == 0 {
		return ""
	}
	return r.match.SubexpNames()[r.groups[i]]
}

// inGroup says in which of several groups something is wrong.
func (r Rule) inGroup(i int, why reason) reason {
	if len(r.groups) < 2 {
		return why
	}
	return reason(fmt.Sprintf("matches, but its group %q %s", r.groupName(i), why))
}

// parsePart reads the text of part i as the rule's order has it.
func (r Rule) parsePart(i int, text string) (part, reason) {
	p := part{text: text}
	switch r.orderOf(i) {
	case Semver:
		v, err := parseVersion(text)
		if err != nil {
			return p, notVersion(err)
		}
		p.version = &v
		if r.constraint != nil {
			if ok, why := r.constraint.allows(v); !ok {
				return p, why
			}
		}
	case Version:
		if p.numbers = numbersOf(text); p.numbers == nil {
			return p, reason("does not begin with a number: " + text)
		}
	case Numeric:
		if !isDigits(text) {
			return p, reason("is not a whole number: " + text)
		}
	case Time:
		at, ok := r.parseTime(text)
		if !ok {
			return p, reason(fmt.Sprintf("is not a time of the form %s: %s", r.layoutText(), text))
		}
		p.at = at
	}
	return p, ""
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
	i := r.differ(a, b)
	if i < 0 {
		return 0
	}
	return r.comparePart(i, a[i], b[i])
}

// differ returns the place of the first parts that are not equal, or -1.
func (r Rule) differ(a, b key) int {
	for i := range min(len(a), len(b)) {
		if r.comparePart(i, a[i], b[i]) != 0 {
			return i
		}
	}
	return -1
}

func (r Rule) comparePart(i int, a, b part) int {
	if a.text == "" || b.text == "" {
		return cmp.Compare(boolInt(a.text != ""), boolInt(b.text != ""))
	}
	switch r.orderOf(i) {
	case Semver:
		return a.version.compare(*b.version)
	case Version:
		return compareNumbers(a.numbers, b.numbers)
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
