package selection

import (
	"cmp"
	"strings"
)

// Numbers stay digits, so that they are exact at any length: build numbers made of a
// time have seventeen digits, which a float would round.

// isDigits tells whether s is a whole number without a sign.
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
