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
