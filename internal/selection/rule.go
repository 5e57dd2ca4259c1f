// Package selection chooses one version of an image by a rule, and says why. It is pure:
// what it has to know of versions it is given, and where that is not enough it says what
// else it needs.
//
// Whatever order the candidates come in, a rule chooses the same one: by the rule's key,
// then by push time, then by tag. A tag that does not fit is skipped with its reason and
// has no influence on the choice.
package selection

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Rule is a Spec that was checked. The zero value chooses nothing. It does not change,
// and is safe for concurrent use.
type Rule struct {
	Spec
	constraint constraint
	match      *regexp.Regexp
	groups     []int // of match, that have the key; 0 is the whole tag
	ignore     []*regexp.Regexp
}

// Empty reports whether the rule chooses nothing.
func (r Rule) Empty() bool { return len(r.kinds()) == 0 }

// Fixed returns the one tag that the rule looks at, or "" where it chooses among many.
func (r Rule) Fixed() string {
	if r.Tag != "" {
		return r.Tag
	}
	return r.Follow
}

// order returns how the first part of keys compares, or "" where there are no keys.
func (r Rule) order() Order {
	if r.Semver != "" {
		return Semver
	}
	return r.Order
}

// orderOf returns how the parts of keys at place i compare. What stands beside a semantic
// version or a time is a run, a revision or the like, which the order version reads.
func (r Rule) orderOf(i int) Order {
	if order := r.order(); i == 0 || order != Semver && order != Time {
		return order
	}
	return Version
}

// String returns the rule as it is written in tagboat.yaml, on one line.
func (r Rule) String() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+": "+value)
		}
	}
	add("tag", r.Tag)
	add("semver", r.Semver)
	add("match", r.Match)
	add("order", string(r.Order))
	add("by", r.byText())
	add("layout", r.Layout)
	add("newest", r.Newest)
	if r.Untagged {
		add("untagged", "true")
	}
	add("follow", r.Follow)
	add("platform", r.Platform)
	add("ignore", strings.Join(r.Ignore, ", "))
	if r.MinAge > 0 {
		add("minAge", duration(r.MinAge))
	}
	if parts == nil {
		return "no rule"
	}
	return strings.Join(parts, ", ")
}

func (r Rule) byText() string {
	if len(r.By) > 1 {
		return "[" + strings.Join(r.By, ", ") + "]"
	}
	return strings.Join(r.By, "")
}

// duration writes a duration without zeros at its end: 2h, not 2h0m0s; days as days.
func duration(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Spec is a rule as a user writes it. One of Tag, Semver, Match, Order, Newest and Follow
// says what kind of rule it is; none makes an empty rule, which chooses nothing. Semver
// and Order may stand with Match, and then go with it.
type Spec struct {
	Tag      string        `json:"tag,omitempty"`      // always the version that has this tag
	Semver   string        `json:"semver,omitempty"`   // a constraint such as ">=1.0.0 <2"
	Match    string        `json:"match,omitempty"`    // a regular expression with named groups
	Order    Order         `json:"order,omitempty"`    // how tags compare
	By       []string      `json:"by,omitempty"`       // the groups that they compare by, the first one first
	Layout   string        `json:"layout,omitempty"`   // of the group, for the order time
	Newest   string        `json:"newest,omitempty"`   // push
	Untagged bool          `json:"untagged,omitempty"` // versions without a tag count too, for newest
	Follow   string        `json:"follow,omitempty"`   // what this tag stands for, wherever it moves
	Platform string        `json:"platform,omitempty"` // os/architecture[/variant] that a version must have
	Ignore   []string      `json:"ignore,omitempty"`   // regular expressions of tags that do not count
	MinAge   time.Duration `json:"minAge,omitempty"`   // how long ago a version must have been pushed
}

// Order says what the key of a tag is.
type Order string

// The orders of keys.
const (
	Semver       Order = "semver"       // semantic versions, exact at any length
	Version      Order = "version"      // any number of numbers, whatever stands between them
	Numeric      Order = "numeric"      // whole numbers, exact at any length
	Alphabetical Order = "alphabetical" // byte by byte
	Time         Order = "time"         // points in time, by a layout
)

// NewestPush is what Newest can be.
const NewestPush = "push"

// kinds returns the fields that say what kind of rule s is.
func (s Spec) kinds() []string {
	var set []string
	semver := s.Semver
	if s.Match != "" { // then it is the constraint on what match finds
		semver = ""
	}
	for _, field := range []struct{ name, value string }{
		{"tag", s.Tag}, {"semver", semver}, {"match", s.Match}, {"newest", s.Newest}, {"follow", s.Follow},
	} {
		if field.value != "" {
			set = append(set, field.name)
		}
	}
	if s.Order != "" && s.Match == "" {
		set = append(set, "order")
	}
	return set
}
