package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
)

func newStatus(f *frame) *cobra.Command {
	var o targets
	cmd := &cobra.Command{
		Use:     "status [--env ENV...|--stage STAGE|--tenant TENANT] [SERVICE...]",
		Short:   "Show the matrix of services and environments: pinned, running, drift, health, age",
		Example: "  tagboat status\n  tagboat status --stage prod api",
		GroupID: "deploy",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.services = args
			return runStatus(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	return cmd
}

func runStatus(ctx context.Context, f *frame, o targets) error {
	return answer(ctx, f, o, func(a *app.App, selected fleet.Selection) (tagboat.StatusDocument, error) {
		return a.View.Status(ctx, selected)
	}, printStatus)
}

func printStatus(f *frame, document tagboat.StatusDocument) {
	columns := []string{"SERVICE", "ENVIRONMENT", "STATE", "TASKS", "PINNED", "RUNNING", "AGE", "DRIFT"}
	held := anyHeld(document.Services, func(s tagboat.ServiceStatus) *tagboat.Hold { return s.Hold })
	if held {
		columns = append(columns, "HOLD")
	}
	table := console.NewTable(columns...)
	for _, s := range document.Services {
		row := []console.Cell{{Text: string(s.Service), Style: console.Strong}, console.Text(string(s.Environment)),
			{Text: s.State, Style: stateStyle(s)}, tasksCell(s), console.Text(pinnedText(s.Images)),
			console.Text(runningText(s.Images)), console.Text(ageText(s.AgeSeconds)), driftCell(s.Drift)}
		if held {
			row = append(row, console.Text(heldText(s.Hold)))
		}
		table.Row(row...)
	}
	table.Print(f.Streams)
}

func stateStyle(s tagboat.ServiceStatus) console.Style {
	switch s.State {
	case "steady":
		return console.Good
	case "in-progress", "draining":
		return console.Warn
	default:
		return console.Bad
	}
}

func tasksCell(s tagboat.ServiceStatus) console.Cell {
	cell := console.Text(fmt.Sprintf("%d/%d", s.Healthy, s.Desired))
	if s.Healthy < s.Desired {
		cell.Style = console.Warn
	}
	return cell
}

func driftCell(drift []string) console.Cell {
	if len(drift) == 0 {
		return console.Cell{Text: "-", Style: console.Faint}
	}
	return console.Cell{Text: strings.Join(drift, "; "), Style: console.Warn}
}

func pinnedText(images []tagboat.ImageState) string {
	return perImage(images, func(i tagboat.ImageState) string { return versionText(i.Tag, i.Pinned) })
}

func runningText(images []tagboat.ImageState) string {
	return perImage(images, func(i tagboat.ImageState) string { return versionText(i.RunningTag, i.Running) })
}

func newExplain(f *frame) *cobra.Command {
	var o targets
	cmd := &cobra.Command{
		Use:     "explain --env ENV SERVICE...",
		Short:   "Say why a service does not run well: causes, evidence, what to change",
		Long:    "Looks at stopped tasks, the health of containers and targets, the service's events\nand settings and the last lines of logs, and says what they mean, most likely cause\nfirst. ECS forgets stopped tasks after about an hour. Changes nothing.",
		Example: "  tagboat explain --env prod api\n  tagboat explain --env prod api -o json",
		GroupID: "deploy",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.services = args
			return runExplain(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	return cmd
}

// explainDocument is what explain prints with -o json.
type explainDocument struct {
	Explanations []delivery.Explanation `json:"explanations"`
}

func runExplain(ctx context.Context, f *frame, o targets) error {
	return answer(ctx, f, o, func(a *app.App, selected fleet.Selection) (explainDocument, error) {
		explained, err := a.View.Explain(ctx, selected)
		return explainDocument{explained}, err
	}, printExplanations)
}

func printExplanations(f *frame, document explainDocument) {
	for _, e := range document.Explanations {
		printExplanation(f, e)
	}
}

func printExplanation(f *frame, e delivery.Explanation) {
	name := fmt.Sprintf("%s/%s", e.Environment, e.Service)
	f.Printf("%s is %s\n", f.OnOut(console.Strong, name), e.State)
	if len(e.Causes) == 0 {
		f.Printf("  nothing speaks against it\n")
		return
	}
	f.folded(name+": why", func() { printCauses(f, e.Causes) })
}

// printCauses prints what happened, the evidence, and what to change.
func printCauses(f *frame, causes []tagboat.Cause) {
	for _, cause := range causes {
		f.Printf("  %s\n", f.OnOut(console.Strong, cause.Cause))
		printEvidence(f, cause)
	}
}

func printEvidence(f *frame, cause tagboat.Cause) {
	for line := range strings.Lines(cause.Evidence) {
		f.Printf("    %s\n", f.OnOut(console.Faint, strings.TrimRight(line, "\r\n ")))
	}
	if cause.Advice != "" {
		f.Printf("    %s %s\n", f.OnOut(console.Accent, "→"), cause.Advice)
	}
}
