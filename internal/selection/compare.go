package selection

import (
	"cmp"
	"strings"
)

// compare is the total order of what is accepted: key, push time, tag. An index comes
// after its images, which have its push time where ECR cuts it to the second.
func (r Rule) compare(a, b Verdict) int {
	if c := r.compareKeys(a.key, b.key); c != 0 {
		return c
	}
	if c := a.PushedAt.Compare(b.PushedAt); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(a.Tag, b.Tag), cmp.Compare(boolInt(a.Index), boolInt(b.Index)), cmp.Compare(a.Digest, b.Digest))
}

// Ranks reports whether the rule's keys alone say which of two versions is the newer one.
func (r Rule) Ranks(one, other Candidate) bool {
	r.constraint = nil
	a, b := Verdict{Candidate: one}, Verdict{Candidate: other}
	return r.Fixed() == "" && r.judgeTag(&a) == "" && r.judgeTag(&b) == "" && r.compareKeys(a.key, b.key) != 0
}

// Older tells whether going from one version to another is a step back, and how one sees
// that. By the rule's key where both tags have one, constraints aside; else by their push
// times where both are known; else it cannot be told, and is none.
func (r Rule) Older(from, to Candidate) (older bool, why string) {
	if from.Digest == to.Digest && from.Digest != "" {
		return false, ""
	}
	r.constraint = nil // a version that it no longer allows can still be the newer one
	a, b := Verdict{Candidate: from}, Verdict{Candidate: to}
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
