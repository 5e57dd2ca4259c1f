package selection

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Choice is what a rule makes of a repository.
type Choice struct {
	Rule     Rule
	Accepted []Verdict // best first: the first is the one that is chosen
	Skipped  []Verdict // in the order of their tags
	Decided  string    // how the first of Accepted won, in words; "" where there is none
	// Needs are the places, among the candidates, of those that have to be looked at
	// before there is a choice. Where it is not empty nothing is chosen.
	Needs []int
}

// Chosen returns the version that the rule chooses, or false where there is none.
func (c Choice) Chosen() (Verdict, bool) {
	if len(c.Needs) > 0 || len(c.Accepted) == 0 {
		return Verdict{}, false
	}
	return c.Accepted[0], true
}

// Choose judges every candidate at a time and orders those that count. It looks at no
// more than it has to: where push times or platforms decide that are not known, Needs
// says whose.
func (r Rule) Choose(candidates []Candidate, now time.Time) Choice {
	verdicts := make([]Verdict, len(candidates)) // a repository may have a hundred thousand
	accepted, skipped := 0, len(verdicts)
	for i, c := range candidates {
		v := r.judge(c, now)
		v.at = i
		if v.Skipped != "" || r.Empty() {
			skipped--
			verdicts[skipped] = v
		} else {
			verdicts[accepted] = v
			accepted++
		}
	}
	choice := Choice{Rule: r, Accepted: verdicts[:accepted:accepted], Skipped: verdicts[skipped:]}
	slices.SortFunc(choice.Accepted, func(a, b Verdict) int { return r.compare(b, a) })
	slices.SortFunc(choice.Skipped, byTag)
	choice.Needs = r.needs(choice.Accepted)
	if len(choice.Needs) == 0 && accepted > 0 {
		choice.Decided = r.decided(choice.Accepted)
	}
	return choice
}

// needs returns whom to look at before the first of accepted can be the winner: those
// that share its key where push times must decide, and itself, since only a look tells
// whether a container can run it.
func (r Rule) needs(accepted []Verdict) []int {
	var undated []int
	tied := 0
	for _, a := range accepted {
		if r.compareKeys(a.key, accepted[0].key) != 0 {
			break
		}
		tied++
		if a.PushedAt.IsZero() && !a.Looked {
			undated = append(undated, a.at)
		}
	}
	switch {
	case tied > 1 && len(undated) > 0 && r.Fixed() == "":
		return undated
	case tied > 0 && !accepted[0].Looked && !accepted[0].Examined:
		return []int{accepted[0].at}
	default:
		return nil
	}
}

func byTag(a, b Verdict) int {
	return cmp.Or(strings.Compare(a.Tag, b.Tag), cmp.Compare(a.Digest, b.Digest))
}
