package selection

import (
	"slices"
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
	choice := Choice{Rule: r}
	var accepted []placed
	for i, c := range candidates {
		if v := r.judge(c, now); v.Skipped != "" || r.Empty() {
			choice.Skipped = append(choice.Skipped, v)
		} else {
			accepted = append(accepted, placed{v, i})
		}
	}
	slices.SortFunc(accepted, func(a, b placed) int { return r.compare(b.Verdict, a.Verdict) })
	choice.Needs = r.needs(accepted)
	for _, a := range accepted {
		choice.Accepted = append(choice.Accepted, a.Verdict)
	}
	slices.SortFunc(choice.Skipped, func(a, b Verdict) int { return Rule{}.compare(undate(a), undate(b)) })
	if len(choice.Needs) == 0 && len(accepted) > 0 {
		choice.Decided = r.decided(choice.Accepted)
	}
	return choice
}

// placed is a verdict with the place of its candidate.
type placed struct {
	Verdict
	at int
}

// needs returns whom to look at before the first of accepted can be the winner: those
// that share its key where push times must decide, and itself.
func (r Rule) needs(accepted []placed) []int {
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
	case tied > 0 && r.open(accepted[0].Candidate):
		return []int{accepted[0].at}
	default:
		return nil
	}
}

func undate(v Verdict) Verdict {
	v.PushedAt = time.Time{}
	return v
}
