package selection

import (
	"cmp"
	"fmt"
	"strings"
)

// version is a semantic version whose numbers may have any length, which is why it is not
// a library's: those keep numbers in 64 bits and take longer ones for text.
// https://semver.org/spec/v2.0.0.html
type version struct {
	core [3]string // major, minor, patch: digits
	pre  []string  // identifiers of the prerelease; nil for a release
}

// parseVersion reads all three numbers, with or without a v before them: 1.4 is a tag
// that moves with its patches, and 1234567 may be a git commit.
func parseVersion(s string) (version, error) {
	rest := strings.TrimPrefix(s, "v")
	core, pre, isPre := strings.Cut(rest, "-")
	if strings.Contains(rest, "+") {
		return version{}, fmt.Errorf("a tag cannot have build metadata")
	}
	parts := strings.Split(core, ".")
	for _, part := range parts {
		if err := checkNumber(part); err != nil {
			return version{}, err
		}
	}
	if len(parts) != 3 {
		return version{}, fmt.Errorf("a semantic version has three numbers, and this has %d", len(parts))
	}
	v := version{core: [3]string{parts[0], parts[1], parts[2]}}
	if isPre {
		v.pre = strings.Split(pre, ".")
	}
	for _, identifier := range v.pre {
		if err := checkIdentifier(identifier); err != nil {
			return version{}, err
		}
	}
	return v, nil
}

func checkNumber(s string) error {
	switch {
	case !isDigits(s):
		return fmt.Errorf("%q is not a number", s)
	case len(s) > 1 && s[0] == '0':
		return fmt.Errorf("%s begins with a zero, which semver does not allow", s)
	default:
		return nil
	}
}

func checkIdentifier(s string) error {
	switch {
	case s == "" || strings.Trim(s, identifierCharacters) != "":
		return fmt.Errorf("%q cannot be part of a prerelease", s)
	case isDigits(s):
		return checkNumber(s)
	default:
		return nil
	}
}

const identifierCharacters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"

func (v version) compare(o version) int {
	for i := range v.core {
		if c := compareDigits(v.core[i], o.core[i]); c != 0 {
			return c
		}
	}
	if v.pre == nil || o.pre == nil { // a release comes after its prereleases
		return cmp.Compare(boolInt(v.pre == nil), boolInt(o.pre == nil))
	}
	for i := range min(len(v.pre), len(o.pre)) {
		if c := compareIdentifiers(v.pre[i], o.pre[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(v.pre), len(o.pre))
}

// compareIdentifiers orders numbers before text, numbers by value and text byte by byte:
// rc.10 comes after rc.9, and rc10 before rc9.
// https://semver.org/spec/v2.0.0.html#spec-item-11
func compareIdentifiers(a, b string) int {
	switch {
	case isDigits(a) && isDigits(b):
		return compareDigits(a, b)
	case isDigits(a) || isDigits(b):
		return cmp.Compare(boolInt(isDigits(b)), boolInt(isDigits(a)))
	default:
		return strings.Compare(a, b)
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Numbers stay digits, so that they are exact at any length: build numbers made of a
// time have seventeen digits, which a float would round.

// isDigits reports whether s is a whole number without a sign.
func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// compareDigits compares two whole numbers of any length.
func compareDigits(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// increment returns the number after a.
func increment(a string) string {
	digits := []byte(a)
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i] < '9' {
			digits[i]++
			return string(digits)
		}
		digits[i] = '0'
	}
	return "1" + string(digits)
}

// numbersOf returns the whole numbers in a text that begins with one, or with a v before
// it; none where it does not: a word in front may be a branch, or the hash of a commit.
// What stands between the numbers has no influence.
func numbersOf(s string) []string {
	if strings.HasPrefix(s, "v") || strings.HasPrefix(s, "V") {
		s = s[1:]
	}
	if s == "" || !isDigits(s[:1]) {
		return nil
	}
	return strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// compareNumbers compares one number after the other; a missing one is lower than any.
func compareNumbers(a, b []string) int {
	for i := range min(len(a), len(b)) {
		if c := compareDigits(a[i], b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// own says how much a tag is its version's own name: not at all where it is known to move or
// has no digit, as main and stable have none, and the more the more parts it has: 1.4 moves
// where there is 1.4.2.
func (c Candidate) own() int {
	if c.Moves || !strings.ContainsAny(c.Tag, "0123456789") {
		return 0
	}
	return 1 + strings.Count(c.Tag, ".")
}

// compare is the total order of what is accepted: key, push time, tag. Of the tags of one
// version the one that is its own name comes last. An index comes
// after its images, which have its push time where ECR cuts it to the second.
func (r Rule) compare(a, b Evaluation) int {
	if c := r.compareKeys(a.key, b.key); c != 0 {
		return c
	}
	if c := a.PushedAt.Compare(b.PushedAt); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.own(), b.own()), strings.Compare(a.Tag, b.Tag), cmp.Compare(boolInt(a.Index), boolInt(b.Index)), cmp.Compare(a.Digest, b.Digest))
}

// Ranks reports whether the rule's keys alone say which of two versions is the newer one.
func (r Rule) Ranks(one, other Candidate) bool {
	r.constraint = nil
	a, b := Evaluation{Candidate: one}, Evaluation{Candidate: other}
	return r.Fixed() == "" && r.judgeTag(&a) == "" && r.judgeTag(&b) == "" && r.compareKeys(a.key, b.key) != 0
}

// Older reports whether going from one version to another is a step back, and how one sees
// that. By the rule's key where both tags have one, constraints aside; else by their push
// times where both are known; else it cannot be told, and is none.
func (r Rule) Older(from, to Candidate) (older bool, why string) {
	if from.Digest == to.Digest && from.Digest != "" {
		return false, ""
	}
	r.constraint = nil // a version that it no longer allows can still be the newer one
	a, b := Evaluation{Candidate: from}, Evaluation{Candidate: to}
	keyed := r.Fixed() == "" && r.judgeTag(&a) == "" && r.judgeTag(&b) == ""
	dated := !from.PushedAt.IsZero() && !to.PushedAt.IsZero()
	switch {
	case keyed && (r.compareKeys(a.key, b.key) != 0 || dated):
	case dated:
		r = Rule{}
	default:
		return false, ""
	}
	if r.compareKeys(a.key, b.key) == 0 && from.PushedAt.Equal(to.PushedAt) {
		return false, ""
	}
	if r.compare(b, a) >= 0 {
		return false, ""
	}
	return true, r.why(a, b)
}
