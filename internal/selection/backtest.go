package selection

import (
	"cmp"
	"slices"
	"time"
)

// Change is a moment at which a rule would have chosen another version than before.
type Change struct {
	At     time.Time
	Chosen Evaluation
	Why    string // how it won over the one before, in words
}

// Backtest replays the rule over the history of a repository as the candidates tell it:
// what it would have chosen since a time, and when. The first change is what was chosen
// at that time already, where there was something. Tags count as they are now: what they
// stood for before is not known. Needs is as in Choice.
func (r Rule) Backtest(candidates []Candidate, since, now time.Time) (changes []Change, needs []int) {
	history, needs := r.history(candidates, now)
	if len(needs) > 0 {
		return nil, needs
	}
	var best *Evaluation
	for _, next := range history {
		if best != nil && r.compare(next, *best) <= 0 {
			continue
		}
		if r.open(next.Candidate) {
			return nil, []int{next.at}
		}
		change := Change{At: r.countsFrom(next.Candidate), Chosen: next, Why: "it is the first one that fits"}
		if best != nil {
			change.Why = r.why(next, *best)
		}
		best = &next
		if change.At.Before(since) {
			changes = changes[:0] // only the last one before counts
			change.At = since
		}
		changes = append(changes, change)
	}
	return changes, nil
}

// countsFrom is when a version begins to count.
func (r Rule) countsFrom(c Candidate) time.Time { return c.PushedAt.Add(r.MinAge) }

// history returns what counts by now, in the order in which it began to.
func (r Rule) history(candidates []Candidate, now time.Time) (history []Evaluation, needs []int) {
	for i, c := range candidates {
		v := r.judge(c, now)
		v.at = i
		switch {
		case v.Skipped != "" || r.Empty():
		case c.PushedAt.IsZero() && !c.Complete:
			needs = append(needs, i)
		case !c.PushedAt.IsZero():
			history = append(history, v)
		}
	}
	slices.SortFunc(history, func(a, b Evaluation) int {
		return cmp.Or(a.PushedAt.Compare(b.PushedAt), r.compare(a, b))
	})
	return history, needs
}
