package selection

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
)

// Problem is what is wrong with one field of a Spec.
type Problem struct {
	Field string // as in tagboat.yaml: "semver", "match", …; "" for the rule as a whole
	Msg   string
	Hint  string
}

// Compile checks a Spec and makes a Rule of it. Where there are problems there is no
// rule. All of them are found.
func Compile(s Spec) (Rule, []Problem) {
	c := &compiler{rule: Rule{Spec: s}}
	c.kind()
	c.semver()
	c.matching()
	c.ordering()
	c.conditions()
	if len(c.problems) > 0 {
		return Rule{}, c.problems
	}
	return c.rule, nil
}

type compiler struct {
	rule     Rule
	problems []Problem
}

func (c *compiler) problem(field, hint, format string, args ...any) {
	c.problems = append(c.problems, Problem{Field: field, Msg: fmt.Sprintf(format, args...), Hint: hint})
}

const kindsHint = "a rule is one of tag, semver, match (with semver or order), order, newest and follow"

func (c *compiler) kind() {
	s := c.rule.Spec
	switch kinds := s.kinds(); {
	case len(kinds) > 1:
		c.problem(kinds[1], kindsHint, "%s and %s are two rules", kinds[0], kinds[1])
	case len(kinds) == 0 && (len(s.By) > 0 || s.Layout != "" || s.Untagged || s.Platform != "" || len(s.Ignore) > 0 || s.MinAge > 0):
		c.problem("", kindsHint, "this says which versions not to take, and not which one to take")
	case s.Match != "" && s.Semver != "" && s.Order != "" && s.Order != Semver:
		c.problem("order", "leave out one of both", "semver and order: %s are two orders", s.Order)
	case s.Match != "" && s.Order == "" && s.Semver == "":
		c.problem("match", "add order: with one of "+strings.Join(orders, ", ")+`; or a constraint, such as semver: "1.x"`, "match says which tags count, and not which of them is the newest")
	}
	for field, tag := range map[string]string{"tag": s.Tag, "follow": s.Follow} {
		if tag != "" && !tagboat.ValidTag(tag) {
			c.problem(field, "a tag has up to 128 letters, digits, dots, dashes and underscores", "%q cannot be a tag", tag)
		}
	}
	if s.Newest != "" && s.Newest != NewestPush {
		c.problem("newest", "write newest: push", "%q is not a way to be the newest", s.Newest)
	}
	if s.Untagged && s.Newest == "" {
		c.problem("untagged", "leave untagged out, or write newest: push", "versions without a tag can only be ordered by when they were pushed")
	}
}

func (c *compiler) semver() {
	if c.rule.Semver == "" {
		return
	}
	constraint, err := parseConstraint(c.rule.Semver)
	if err != nil {
		c.problem("semver", `write it like ">=1.2.0 <2", "1.4.x", "~1.4" or "^1.2.0-rc.1 || 2.x"`, "%s", err)
	}
	c.rule.constraint = constraint
}

func (c *compiler) matching() {
	c.rule.groups = []int{0}
	if c.rule.Match == "" {
		if len(c.rule.By) > 0 {
			c.problem("by", "add match: with a group (?P<"+c.rule.By[0]+">…)", "by names a group of match, and there is no match")
		}
		return
	}
	pattern, err := regexp.Compile(c.rule.Match)
	if err != nil {
		c.problem("match", "it is a Go regular expression: https://pkg.go.dev/regexp/syntax", "%s", regexpProblem(err))
		return
	}
	c.rule.match = pattern
	c.by()
}

// by finds the groups that have the key. Only groups with names count: a pair of
// parentheses more must not change which number is compared.
func (c *compiler) by() {
	groups := slices.DeleteFunc(slices.Clone(c.rule.match.SubexpNames()), func(s string) bool { return s == "" })
	switch {
	case len(c.rule.By) > 0:
		c.rule.groups = nil
		for i, by := range c.rule.By {
			group := c.rule.match.SubexpIndex(by)
			switch {
			case group < 0:
				c.problem("by", tagboat.Suggest(by, groups), "match has no group named %q", by)
			case slices.Contains(c.rule.By[:i], by):
				c.problem("by", "name each group once", "by names the group %q twice", by)
			}
			c.rule.groups = append(c.rule.groups, group)
		}
	case len(groups) == 1:
		c.rule.groups = []int{c.rule.match.SubexpIndex(groups[0])}
	case len(groups) > 1:
		c.problem("match", "add by: "+groups[0]+", or by: ["+strings.Join(groups, ", ")+"], which compares one after the other",
			"match has %d named groups, and by does not say which to compare", len(groups))
	case c.rule.match.NumSubexp() > 0:
		c.problem("match", "name the group: (?P<n>…) in place of (…), and by: n; or write (?:…) where the whole tag is compared", "the group in match has no name")
	}
}

func regexpProblem(err error) string {
	return strings.TrimPrefix(err.Error(), "error parsing regexp: ")
}

// orders are what Order can be.
var orders = []string{string(Semver), string(Version), string(Numeric), string(Alphabetical), string(Time)}

func (c *compiler) ordering() {
	if c.rule.Order != "" && !slices.Contains(orders, string(c.rule.Order)) {
		c.problem("order", tagboat.Suggest(string(c.rule.Order), orders), "%q is not one of %s", c.rule.Order, strings.Join(orders, ", "))
	}
	if c.rule.Layout == "" {
		return
	}
	if c.rule.Order != Time {
		c.problem("layout", "write order: time with it, or leave it out", "a layout is for points in time")
	}
	if !tellsDays(c.rule.Layout) {
		c.problem("layout", "write the moment 2006-01-02 15:04:05 in the form that the tags have, such as 20060102-1504", "%q does not say year, month and day", c.rule.Layout)
	}
}

// tellsDays reports whether a layout keeps apart what is a day, a month or a year apart.
func tellsDays(layout string) bool {
	at := time.Date(2007, 3, 9, 0, 0, 0, 0, time.UTC)
	back, err := time.Parse(layout, at.Format(layout))
	return err == nil && back.Equal(at)
}

// platformPattern has the form of platforms, os/architecture[/variant].
var platformPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?$`) })

func (c *compiler) conditions() {
	if p := c.rule.Platform; p != "" && !platformPattern().MatchString(p) {
		c.problem("platform", "write it like linux/arm64", "%q is not a platform", p)
	}
	for _, text := range c.rule.Ignore {
		pattern, err := regexp.Compile(text)
		if err != nil {
			c.problem("ignore", "each is a Go regular expression: https://pkg.go.dev/regexp/syntax", "%s", regexpProblem(err))
			continue
		}
		c.rule.ignore = append(c.rule.ignore, pattern)
	}
}
