package cli

import (
	"fmt"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/githubactions"
)

// worst returns the error that stands for all deployments: nil where each was a
// success, else the one that a person should see to first.
func worst(deployments []tagboat.Deployment) error {
	order := []tagboat.Kind{tagboat.Interrupted, tagboat.Failed, tagboat.RolledBack, tagboat.TimedOut, tagboat.Superseded, tagboat.Blocked}
	found := map[tagboat.Kind]bool{}
	for _, d := range deployments {
		if kind, isError := d.Verdict.Kind(); isError {
			found[kind] = true
		}
	}
	for _, kind := range order {
		if found[kind] {
			return quiet{tagboat.Errorf(kind, "not every deployment succeeded")}
		}
	}
	return nil
}

func verdictStyle(v tagboat.Verdict) console.Style {
	switch v {
	case tagboat.VerdictSucceeded:
		return console.Good
	case tagboat.VerdictUnchanged, tagboat.VerdictStarted:
		return console.Faint
	case tagboat.VerdictSuperseded, tagboat.VerdictTimedOut, tagboat.VerdictInterrupted:
		return console.Warn
	default:
		return console.Bad
	}
}

// tell says how the deployments of a command ended, and returns the error that stands
// for all of them.
func (f *frame) tell(command string, document tagboat.DeployDocument) error {
	if f.json() {
		if err := f.JSON(document); err != nil {
			return err
		}
		f.annotate(document.Deployments)
	} else {
		f.printDeployments(document.Deployments)
	}
	f.summarize(githubactions.Summary(command, document.Deployments))
	return worst(document.Deployments)
}

// printDeployments prints the table of verdicts, and below it why the others are not
// successes.
func (f *frame) printDeployments(deployments []tagboat.Deployment) {
	table := console.NewTable("ENVIRONMENT", "SERVICE", "VERDICT", "IMAGES", "TASK DEFINITION", "TOOK")
	for _, d := range deployments {
		table.Row(console.Text(string(d.Environment)), console.Cell{Text: string(d.Service), Style: console.Strong},
			console.Cell{Text: string(d.Verdict), Style: verdictStyle(d.Verdict)}, console.Text(imagesText(d.Images)),
			console.Text(revision(d.TaskDefinition)), console.Text(took(d)))
	}
	table.Print(f.Streams)
	f.annotate(deployments)
	for _, d := range deployments {
		if d.Verdict != tagboat.VerdictSucceeded && d.Verdict != tagboat.VerdictUnchanged {
			f.folded(fmt.Sprintf("%s/%s %s", d.Environment, d.Service, d.Verdict), func() { f.printReason(d) })
		}
	}
}

func (f *frame) printReason(d tagboat.Deployment) {
	f.Printf("\n%s %s\n", f.OnOut(verdictStyle(d.Verdict), fmt.Sprintf("%s/%s %s:", d.Environment, d.Service, d.Verdict)), d.Reason)
	f.printCauses(d.Causes)
	if d.ConsoleURL != "" {
		f.Printf("  %s\n", f.OnOut(console.Faint, d.ConsoleURL))
	}
}

func imagesText(images []tagboat.ImageState) string {
	parts := make([]string, len(images))
	for i, image := range images {
		name := image.Tag
		if name == "" {
			name = image.Pinned.Short()
		}
		parts[i] = string(image.Image) + " " + name
	}
	return strings.Join(parts, ", ")
}

// revision returns family:revision of a task definition's ARN.
func revision(arn string) string { return dash(arn[strings.LastIndex(arn, "/")+1:]) }

func took(d tagboat.Deployment) string {
	if d.Verdict == tagboat.VerdictUnchanged {
		return "-"
	}
	return d.EndedAt.Sub(d.StartedAt).Round(100_000_000).String()
}
