package selection

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Rule is a Spec that was checked. The zero value chooses nothing. It is not changed once
// it is made, and any number of goroutines may use it.
type Rule struct {
	Spec
	constraint constraint
	match      *regexp.Regexp
	groups     []int // of match, that have the key; 0 is the whole tag
	ignore     []*regexp.Regexp
}

// Empty tells whether the rule chooses nothing.
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
