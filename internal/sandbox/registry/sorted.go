package registry

import (
	"cmp"
	"slices"
	"strings"
)

// sortedNames is a set of names kept in the order in which the OCI specification
// lists tags: letters without regard to case first, then byte by byte. A page costs
// a binary search, and an insertion moves memory but compares little.
type sortedNames []string

func compareNames(a, b string) int {
	return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
}

func (n *sortedNames) add(name string) {
	at, found := slices.BinarySearchFunc(*n, name, compareNames)
	if !found {
		*n = slices.Insert(*n, at, name)
	}
}

func (n *sortedNames) remove(name string) {
	if at, found := slices.BinarySearchFunc(*n, name, compareNames); found {
		*n = slices.Delete(*n, at, at+1)
	}
}

// page returns a copy of up to limit names that come after last, which need not be
// among them, and whether there are more.
func (n sortedNames) page(last string, limit int) ([]string, bool) {
	at := 0
	if last != "" {
		i, found := slices.BinarySearchFunc(n, last, compareNames)
		if at = i; found {
			at++
		}
	}
	end := min(at+limit, len(n))
	return append([]string{}, n[at:end]...), end < len(n)
}
