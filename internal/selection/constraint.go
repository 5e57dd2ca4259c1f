package selection

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// constraint is what a semver rule allows: one of several groups of bounds, all of which
// must hold. It reads as npm's, Cargo's and Masterminds/semver's do.
type constraint []group

type group struct {
	bounds      []bound
	prereleases bool // a bound names a prerelease, which lets prereleases in
}

// bound is one comparison with a version.
type bound struct {
	op string // one of > >= < <= and !, which stands for: not from at up to to
	at version
	to version
}

func (b bound) allows(v version) bool {
	c := v.compare(b.at)
	switch b.op {
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	default:
		return c < 0 || v.compare(b.to) >= 0
	}
}

// allows reports whether v is within c, and if not, why.
func (c constraint) allows(v version) (bool, reason) {
	why := outside
	for _, g := range c {
		if !g.holds(v) {
			continue
		}
		if v.pre == nil || g.prereleases {
			return true, ""
		}
		why = prerelease
	}
	return false, why
}

func (g group) holds(v version) bool {
	for _, b := range g.bounds {
		if !b.allows(v) {
			return false
		}
	}
	return true
}

var (
	hyphenPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*(\S+)\s+-\s+(\S+)\s*$`) })
	termPattern   = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\s*(=|==|!=|>|<|>=|=>|<=|=<|~|~>|\^)?\s*(v?[0-9xX*][0-9A-Za-z.*-]*)\s*,?`)
	})
)

func parseConstraint(s string) (constraint, error) {
	var c constraint
	for _, alternative := range strings.Split(s, "||") {
		g, err := parseGroup(alternative)
		if err != nil {
			return nil, err
		}
		c = append(c, g)
	}
	return c, nil
}

func parseGroup(s string) (group, error) {
	if m := hyphenPattern().FindStringSubmatch(s); m != nil {
		s = ">=" + m[1] + " <=" + m[2]
	}
	if strings.TrimSpace(s) == "" {
		return group{}, fmt.Errorf("a constraint is missing")
	}
	var g group
	for rest := s; strings.TrimSpace(rest) != ""; {
		m := termPattern().FindStringSubmatch(rest)
		if m == nil {
			return group{}, fmt.Errorf("%q is not a constraint", strings.TrimSpace(rest))
		}
		rest = rest[len(m[0]):]
		p, err := parsePartial(m[2])
		if err != nil {
			return group{}, fmt.Errorf("%q is not a version: %w", m[2], err)
		}
		g.bounds = append(g.bounds, boundsOf(m[1], p)...)
		g.prereleases = g.prereleases || p.pre != nil
	}
	g.keepOut()
	return g, nil
}

// keepOut takes the prereleases of a release along where the group asks for less than the
// release: 2.0.0-rc.1 is not what >=1.0.0-0 <2.0.0 means. A group that names a prerelease
// of the same release means it.
func (g group) keepOut() {
	for i, b := range g.bounds {
		named := func(o bound) bool { return o.at.pre != nil && o.at.core == b.at.core }
		if b.op == "<" && b.at.pre == nil && !slices.ContainsFunc(g.bounds, named) {
			g.bounds[i].at.pre = []string{"0"}
		}
	}
}

// partial is a version of which numbers at the end may be left open: 1, 1.2, 1.x, *.
type partial struct {
	version
	given int // how many numbers
}

func parsePartial(s string) (partial, error) {
	if v, err := parseVersion(s); err == nil {
		return partial{v, 3}, nil
	}
	p := partial{version: version{core: [3]string{"0", "0", "0"}}}
	parts := strings.Split(strings.TrimPrefix(s, "v"), ".")
	if len(parts) > 3 {
		return p, fmt.Errorf("it has more than three numbers")
	}
	open := false
	for i, part := range parts {
		if part == "x" || part == "X" || part == "*" {
			open = true
			continue
		}
		if err := checkNumber(part); err != nil {
			return p, err
		}
		if open {
			return p, fmt.Errorf("%s follows a number that is left open", part)
		}
		p.core[i], p.given = part, i+1
	}
	if p.given == 3 {
		return p, fmt.Errorf("it cannot be read")
	}
	return p, nil
}

// next returns the lowest version in which the number at place i is one more, and below
// all of its prereleases: 2.0.0-rc.1 is not below 2 for who asks for less than 2.
func (p partial) next(i int) version {
	v := version{core: [3]string{"0", "0", "0"}, pre: []string{"0"}}
	copy(v.core[:i], p.core[:i])
	v.core[i] = increment(p.core[i])
	return v
}

// boundsOf turns an operator and a version, of which numbers may be left open, into
// plain comparisons.
func boundsOf(op string, p partial) []bound {
	if p.given == 0 {
		return anything(op)
	}
	last := p.given - 1
	switch op {
	case ">=", "=>":
		return []bound{{op: ">=", at: p.version}}
	case "<":
		return []bound{{op: "<", at: p.version}}
	case ">":
		if p.given < 3 {
			return []bound{{op: ">=", at: release(p.next(last))}}
		}
		return []bound{{op: ">", at: p.version}}
	case "<=", "=<":
		if p.given < 3 {
			return []bound{{op: "<", at: p.next(last)}}
		}
		return []bound{{op: "<=", at: p.version}}
	case "!=":
		if p.given < 3 {
			return []bound{{op: "!", at: p.version, to: p.next(last)}}
		}
		return []bound{{op: "!", at: p.version, to: after(p.version)}}
	case "~", "~>":
		return between(p, min(last, 1))
	case "^":
		return between(p, p.leading())
	default: // equal
		if p.given < 3 {
			return between(p, last)
		}
		return []bound{{op: ">=", at: p.version}, {op: "<=", at: p.version}}
	}
}

// anything is what operators mean beside a version that is wholly open.
func anything(op string) []bound {
	none := version{core: [3]string{"0", "0", "0"}, pre: []string{"0"}}
	switch op {
	case "<", ">", "!=":
		return []bound{{op: "<", at: none}} // nothing is below everything
	default:
		return []bound{{op: ">=", at: none}}
	}
}

// between allows what is from p on, up to where the number at place i changes.
func between(p partial, i int) []bound {
	return []bound{{op: ">=", at: p.version}, {op: "<", at: p.next(i)}}
}

// leading returns the place of the first number that is given and not zero, which ^ holds
// fixed; where all are zero, of the last one.
func (p partial) leading() int {
	for i := range p.given {
		if compareDigits(p.core[i], "0") != 0 {
			return i
		}
	}
	return p.given - 1
}

func release(v version) version {
	v.pre = nil
	return v
}

// after returns the lowest version that comes after v.
func after(v version) version {
	if v.pre == nil {
		return partial{v, 3}.next(2)
	}
	v.pre = append(v.pre[:len(v.pre):len(v.pre)], "0")
	return v
}
