package cli

import (
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

// printSum counts the verdicts of several deployments, the good ones first.
func (f *frame) printSum(deployments []tagboat.Deployment) {
	if len(deployments) < 2 {
		return
	}
	count := map[tagboat.Verdict]int{}
	for _, d := range deployments {
		count[d.Verdict]++
	}
	var parts []console.Markup
	for _, v := range []tagboat.Verdict{
		tagboat.VerdictSucceeded, tagboat.VerdictUnchanged, tagboat.VerdictStarted, tagboat.VerdictRolledBack, tagboat.VerdictFailed,
		tagboat.VerdictSuperseded, tagboat.VerdictTimedOut, tagboat.VerdictInterrupted, tagboat.VerdictSkipped,
	} {
		if count[v] > 0 {
			parts = append(parts, f.OnOut(verdictStyle(v), fmt.Sprintf("%d %s", count[v], v)))
		}
	}
	f.Printf("\n%d deployments: %s\n", len(deployments), console.Join(parts, ", "))
}

// printNext says what to do about pins that are not what runs.
func (f *frame) printNext(deployments []tagboat.Deployment) {
	var failed, overtaken byPlace
	for _, d := range deployments {
		switch {
		case d.Verdict == tagboat.VerdictRolledBack && runsAnother(d.Images):
			failed.add(d)
		case d.Verdict == tagboat.VerdictSuperseded:
			overtaken.add(d)
		}
	}
	if len(failed.order) > 0 {
		f.printCommands("what was rolled back is pinned still: pin another version and deploy that, or pin what runs with", failed.commands("tagboat rollback"))
	}
	if len(overtaken.order) > 0 {
		f.printCommands("what somebody else deployed runs now: leave it, or deploy what is pinned with", overtaken.commands("tagboat deploy"))
	}
}

// runsAnother tells whether a version runs that is not the pinned one.
func runsAnother(images []tagboat.ImageState) bool {
	return slices.ContainsFunc(images, func(i tagboat.ImageState) bool { return i.Running != "" && i.Running != i.Pinned })
}
