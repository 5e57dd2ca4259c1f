package tagboat

import (
	"fmt"
	"slices"
	"strings"
)

// Concern says how much a verdict should worry a person; the most worrying comes first.
type Concern int

// The concerns.
const (
	Alarming Concern = iota // it failed, or was rolled back
	Doubtful                // nobody knows, or somebody else decided
	Fine                    // what was asked for was done
	Idle                    // there was nothing to do
)

// Concern returns how much v should worry a person.
func (v Verdict) Concern() Concern {
	switch v {
	case VerdictSucceeded, VerdictStarted:
		return Fine
	case VerdictUnchanged:
		return Idle
	case VerdictSuperseded, VerdictTimedOut, VerdictInterrupted, VerdictSkipped, VerdictBlocked:
		return Doubtful
	default:
		return Alarming
	}
}

// Sign returns a symbol for places that have no colour.
func (c Concern) Sign() string { return [...]string{"❌", "⚠️", "✅", "➖"}[c] }

// ByConcern returns the deployments with those first that should worry a person most,
// else in their order.
func ByConcern(deployments []Deployment) []Deployment {
	ordered := slices.Clone(deployments)
	slices.SortStableFunc(ordered, func(a, b Deployment) int { return int(a.Verdict.Concern() - b.Verdict.Concern()) })
	return ordered
}

// Tally says in words how many deployments came to which verdict.
func Tally(deployments []Deployment) string {
	counts := map[Verdict]int{}
	var parts []string
	ordered := ByConcern(deployments)
	for _, d := range ordered {
		counts[d.Verdict]++
	}
	for _, d := range ordered {
		if n := counts[d.Verdict]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, d.Verdict))
			counts[d.Verdict] = 0
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}

// Change tells which version an image went to, and from which where that is known.
func (s ImageState) Change() string {
	to := Reference{Tag: s.Tag, Digest: s.Pinned}.Readable()
	if s.Previous == "" || s.Previous == s.Pinned {
		return to
	}
	return Reference{Tag: s.PreviousTag, Digest: s.Previous}.Readable() + " → " + to
}

// PreviousPins returns what pins the versions that images took the place of, sorted, each once:
// api=1.4.2, or api@sha256:… where the version has no tag.
func PreviousPins(images []ImageState) []string {
	var pins []string
	for _, s := range images {
		switch {
		case s.Previous == "" || s.Previous == s.Pinned:
		case s.PreviousTag != "":
			pins = append(pins, string(s.Image)+"="+s.PreviousTag)
		default:
			pins = append(pins, string(s.Image)+"@"+string(s.Previous))
		}
	}
	slices.Sort(pins)
	return slices.Compact(pins)
}
