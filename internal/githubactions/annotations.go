package githubactions

import (
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
)

// annotationsOfAKind is how many errors, and how many warnings, GitHub shows of a step.
// https://docs.github.com/en/rest/checks/runs
const annotationsOfAKind = 10

// Annotations returns a workflow command for each deployment that did not end well: an
// error where a deployment failed, a warning where somebody else's took over, we stopped
// looking, or it was not begun. Where there are more than GitHub shows, the last one
// counts the others.
func Annotations(deployments []tagboat.Deployment) []string {
	var errors, warnings []tagboat.Deployment
	for _, d := range deployments {
		switch d.Verdict.Concern() {
		case tagboat.Alarming:
			errors = append(errors, d)
		case tagboat.Doubtful:
			warnings = append(warnings, d)
		}
	}
	return slices.Concat(annotate("error", errors), annotate("warning", warnings))
}

func annotate(kind string, deployments []tagboat.Deployment) []string {
	shown := deployments
	if len(deployments) > annotationsOfAKind {
		shown = deployments[:annotationsOfAKind-1]
	}
	var lines []string
	for _, d := range shown {
		lines = append(lines, command(kind, message(d), titled(fmt.Sprintf("%s/%s %s", d.Environment, d.Service, d.Verdict))))
	}
	if rest := len(deployments) - len(shown); rest > 0 {
		lines = append(lines, command(kind, "the job's summary tells of all of them", titled(fmt.Sprintf("and %d more", rest))))
	}
	return lines
}

// message says in a few lines what happened and what to do.
func message(d tagboat.Deployment) string {
	text := d.Reason
	if len(d.Causes) > 0 && d.Causes[0].Advice != "" {
		text += "\n→ " + d.Causes[0].Advice
	}
	if d.ConsoleURL != "" {
		text += "\n" + d.ConsoleURL
	}
	return text
}
