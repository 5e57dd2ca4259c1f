package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/wait"
)

type statusOptions struct {
	targets
	watch bool
}

func newStatus(f *frame) *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status [--env ENV...|--stage STAGE|--tenant TENANT] [SERVICE...]",
		Short: "Show which version of every service runs where, and what is not as it should be",
		Long: "Shows services down and environments across: the version that the main container runs,\n" +
			"and how long ago it was deployed; below that, what needs a person. -o wide shows the\n" +
			"other containers, too. With services named, all that is known of each. What cannot be\n" +
			"read of an environment is said, and the exit code is 1.",
		Example: "  tagboat status\n  tagboat status --stage prod --watch\n  tagboat status api\n  tagboat status -o json",
		GroupID: "deploy",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.services = args
			return runStatus(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", false, "keep it up to date until Ctrl-C")
	return cmd
}

func runStatus(ctx context.Context, f *frame, o statusOptions) error {
	if o.watch && f.json() {
		return tagboat.Usagef("--watch is for people, and goes with no --output json").WithHint("run tagboat status -o json again and again")
	}
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	if o.watch {
		return watchStatus(ctx, f, a, selected)
	}
	document, err := a.View.Status(ctx, selected)
	if err != nil {
		return err
	}
	write := printServices
	if len(o.services) == 0 {
		environments, err := a.Fleet.Environments(selected)
		if err != nil {
			return err
		}
		write = func(f *frame, document tagboat.StatusDocument) { printMatrix(f, environments, document) }
	}
	if err := show(f, document, write); err != nil {
		return err
	}
	return f.incompleteShown(document.Errors)
}

func printMatrix(f *frame, environments []config.Environment, document tagboat.StatusDocument) {
	m := matrix{paint: f.OnOut, width: f.Columns(), wide: f.wide, environments: environments, document: document}
	for _, line := range m.lines() {
		f.Printf("%s\n", line)
	}
}

// incomplete tells what could not be read, and returns the error of a command that has shown
// what it knows.
func (f *frame) incomplete(errs []tagboat.EnvironmentError) error {
	if len(errs) == 0 {
		return nil
	}
	var all errorList
	for _, e := range errs {
		all = append(all, tagboat.Errorf(tagboat.Internal, "%s: %s", e.Environment, e.Message).WithHint("%s", e.Hint))
	}
	f.Error(all)
	f.annotateErrors(all)
	return quiet{tagboat.Errorf(tagboat.Internal, "not everything could be read")}
}

// incompleteShown is incomplete where a table has said already what could not be read.
func (f *frame) incompleteShown(errs []tagboat.EnvironmentError) error {
	if len(errs) == 0 || f.json() {
		return f.incomplete(errs)
	}
	var names []string
	for _, e := range errs {
		if !slices.Contains(names, string(e.Environment)) {
			names = append(names, string(e.Environment))
		}
	}
	return tagboat.Errorf(tagboat.Internal, "not everything could be read of %s", strings.Join(names, ", "))
}

// printServices prints all that is known of services, by service and environment.
func printServices(f *frame, document tagboat.StatusDocument) {
	services := slices.Clone(document.Services)
	slices.SortStableFunc(services, func(a, b tagboat.ServiceStatus) int { return cmp.Compare(a.Service, b.Service) })
	for _, s := range services {
		printService(f, s)
	}
	m := matrix{paint: f.OnOut, width: f.Columns(), document: tagboat.StatusDocument{Errors: document.Errors}}
	for _, line := range m.notes() {
		f.Printf("%s\n", line)
	}
}

func printService(f *frame, s tagboat.ServiceStatus) {
	f.Printf("%s is %s", f.OnOut(console.Strong, fmt.Sprintf("%s/%s", s.Environment, s.Service)), f.OnOut(stateStyle(s), s.State))
	if s.Since != nil {
		f.Printf(", %d/%d tasks, since %s (%s)", s.Healthy, s.Desired, moment(s.Since), ageOf(s))
	}
	f.Printf("\n")
	table := console.NewTable("  CONTAINER", "IMAGE", "PINNED", "RUNNING").Keep("PINNED", "RUNNING")
	for _, i := range s.Images {
		table.Row(console.Text("  "+string(i.Container)), console.Text(string(i.Image)), console.Text(versionText(i.Tag, i.Pinned)),
			console.Cell{Text: versionText(i.RunningTag, i.Running), Style: runningStyle(i)})
	}
	table.Print(f.Streams)
	for _, drift := range s.Drift {
		f.Printf("  %s %s\n", f.OnOut(console.Warn, "drift:"), drift)
	}
	if s.Verdict != "" && s.Verdict != tagboat.VerdictSucceeded {
		f.Printf("  %s %s\n", f.OnOut(console.Warn, "last deployment:"), s.Verdict)
	}
	if s.Hold != nil {
		f.Printf("  %s\n", f.OnOut(console.Warn, holdText(*s.Hold)))
	}
	if s.DeploymentID != "" {
		f.Printf("  deployment %s, task definition %s\n", s.DeploymentID, revision(s.TaskDefinition))
	}
	if s.ConsoleURL != "" {
		f.Printf("  %s\n", f.OnOut(console.Faint, s.ConsoleURL))
	}
}

func runningStyle(i tagboat.ImageState) console.Style {
	if i.Running != "" && i.Running != i.Pinned {
		return console.Warn
	}
	return console.Plain
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

func newExplain(f *frame) *cobra.Command {
	var o targets
	cmd := &cobra.Command{
		Use:     "explain [--env ENV...|--stage STAGE|--tenant TENANT] [SERVICE...]",
		Short:   "Explain why a service does not run well: causes, evidence, what to change",
		Long:    "Looks at stopped tasks, the health of containers and targets, the service's events\nand settings and the last lines of logs, and says what they mean, most likely cause\nfirst. Without services it takes all that are not well. ECS forgets stopped tasks after\nabout an hour. Changes nothing.",
		Example: "  tagboat explain\n  tagboat explain --env prod api\n  tagboat explain --env prod api -o json",
		GroupID: "deploy",
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
	if len(document.Explanations) == 0 {
		f.Printf("no problem found\n")
	}
}

func printExplanation(f *frame, e delivery.Explanation) {
	name := fmt.Sprintf("%s/%s", e.Environment, e.Service)
	f.Printf("%s is %s\n", f.OnOut(console.Strong, name), e.State)
	if len(e.Causes) == 0 {
		f.Printf("  no problem found\n")
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

// The pauses between two looks of status --watch: short while something rolls, as a rollout
// is watched, and long while nothing does.
const (
	watchRolling = 3 * time.Second
	watchSteady  = 15 * time.Second
)

// watchStatus draws the matrix in place, until somebody stops it. Without a terminal each
// service has a line whenever it changes.
func watchStatus(ctx context.Context, f *frame, a *app.App, selected fleet.Selection) error {
	environments, err := a.Fleet.Environments(selected)
	if err != nil {
		return err
	}
	live := f.NewLive(0)
	defer live.Done()
	for {
		document, err := a.View.Status(ctx, selected)
		switch {
		case ctx.Err() != nil:
			return quiet{tagboat.Errorf(tagboat.Interrupted, "interrupted")}
		case err != nil:
			return err
		}
		if f.ErrTTY {
			m := matrix{paint: f.OnErr, width: f.Width, wide: f.wide, environments: environments, document: document}
			live.Show(m.lines())
		} else {
			setEach(live, document)
		}
		if err := wait.For(ctx, pauseAfter(document)); err != nil {
			return quiet{tagboat.Errorf(tagboat.Interrupted, "interrupted")}
		}
	}
}

func pauseAfter(document tagboat.StatusDocument) time.Duration {
	for _, s := range document.Services {
		if s.State == "in-progress" {
			return watchRolling
		}
	}
	return watchSteady
}

func setEach(live *console.Live, document tagboat.StatusDocument) {
	for _, s := range document.Services {
		key, field := fmt.Sprintf("%s/%s", s.Environment, s.Service), fieldOf(s, s.Main())
		live.Set(key, console.Line{Cells: []console.Cell{
			console.Text(key), console.Text(field.version), console.Text(s.State),
			console.Text(fmt.Sprintf("%d/%d", s.Healthy, s.Desired)), console.Text(strings.Join(s.Drift, "; ")),
		}})
	}
	for _, e := range document.Errors {
		live.Set(string(e.Environment), console.Line{Cells: []console.Cell{console.Text(string(e.Environment)), console.Text(e.Message)}})
	}
}
