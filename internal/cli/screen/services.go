package screen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/words"
)

// Matrix prints services down and environments across, and below what needs a person.
func Matrix(on *Screen, environments []config.Environment, document tagboat.StatusDocument) {
	m := matrix{paint: on.OnOut, width: on.Columns(), wide: on.Wide, environments: environments, document: document}
	for _, line := range m.lines() {
		on.Printf("%s\n", line)
	}
}

// Draw draws the matrix in place. Without a terminal each service has a line whenever it changes.
func Draw(on *Screen, live *console.Live, environments []config.Environment, document tagboat.StatusDocument) {
	if !on.ErrTTY {
		setEach(live, document)
		return
	}
	m := matrix{paint: on.OnErr, width: on.Width, wide: on.Wide, environments: environments, document: document}
	live.Show(m.lines())
}

// Services prints all that is known of services, by service and environment.
func Services(on *Screen, document tagboat.StatusDocument) {
	services := slices.Clone(document.Services)
	slices.SortStableFunc(services, func(a, b tagboat.ServiceStatus) int { return cmp.Compare(a.Service, b.Service) })
	for _, s := range services {
		printService(on, s, document.Environments)
	}
	m := matrix{paint: on.OnOut, width: on.Columns(), document: tagboat.StatusDocument{Errors: document.Errors, Environments: document.Environments, Frozen: document.Frozen}}
	for _, line := range m.notes() {
		on.Printf("%s\n", line)
	}
}

func printService(on *Screen, s tagboat.ServiceStatus, environments []tagboat.EnvironmentStatus) {
	on.Printf("%s", on.OnOut(console.Strong, fmt.Sprintf("%s/%s", s.Environment, s.Service)))
	if s.State != "" {
		on.Printf(" is %s", on.OnOut(stateStyle(s), s.State))
	}
	switch {
	case s.Since != nil && s.State == "":
		on.Printf(", deployed at %s", words.Moment(s.Since))
	case s.Since != nil:
		on.Printf(", %d/%d tasks, since %s (%s)", s.Healthy, s.Desired, words.Moment(s.Since), words.AgeOf(s))
	}
	on.Printf("\n")
	for _, e := range environments {
		if text := releaseText(e); text != "" && e.Environment == s.Environment {
			on.Printf("  %s\n", text)
		}
	}
	table := console.NewTable("  CONTAINER", "IMAGE", "PINNED", "RUNNING").Keep("PINNED", "RUNNING")
	for _, i := range s.Images {
		table.Row(console.Text("  "+string(i.Container)), console.Text(string(i.Image)), console.Text(words.Version(i.Tag, i.Pinned)),
			console.Cell{Text: words.Version(i.RunningTag, i.Running), Style: runningStyle(i)})
	}
	table.Print(on.Streams)
	for _, drift := range s.Drift {
		on.Printf("  %s %s\n", on.OnOut(console.Warn, "drift:"), drift)
	}
	if s.Verdict != "" && s.Verdict != tagboat.VerdictSucceeded {
		on.Printf("  %s %s\n", on.OnOut(console.Warn, "last deployment:"), s.Verdict)
	}
	if s.Hold != nil {
		on.Printf("  %s\n", on.OnOut(console.Warn, holdText(*s.Hold)))
	}
	if s.DeploymentID != "" {
		on.Printf("  deployment %s, task definition %s\n", s.DeploymentID, revision(s.TaskDefinition))
	}
	if s.Stack != "" {
		on.Printf("  of stack %s; what its next update does: tagboat drift --env %s %s\n", s.Stack, s.Environment, s.Service)
	}
	if s.ConsoleURL != "" {
		on.Printf("  %s\n", on.OnOut(console.Faint, s.ConsoleURL))
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

// Explanations prints why services do not run well.
func Explanations(on *Screen, explained []delivery.Explanation) {
	for _, e := range explained {
		printExplanation(on, e)
	}
	if len(explained) == 0 {
		on.Printf("no problem found\n")
	}
}

func printExplanation(on *Screen, e delivery.Explanation) {
	name := fmt.Sprintf("%s/%s", e.Environment, e.Service)
	on.Printf("%s is %s\n", on.OnOut(console.Strong, name), e.State)
	if len(e.Causes) == 0 {
		on.Printf("  no problem found\n")
		return
	}
	on.folded(name+": why", func() { printCauses(on, e.Causes) })
}

// printCauses prints what happened, the evidence, and what to change.
func printCauses(on *Screen, causes []tagboat.Cause) {
	for _, cause := range causes {
		on.Printf("  %s\n", on.OnOut(console.Strong, cause.Cause))
		printEvidence(on, cause)
	}
}

func printEvidence(on *Screen, cause tagboat.Cause) {
	for line := range strings.Lines(cause.Evidence) {
		on.Printf("    %s\n", on.OnOut(console.Faint, strings.TrimRight(line, "\r\n ")))
	}
	if cause.Advice != "" {
		on.Printf("    %s %s\n", on.OnOut(console.Accent, "→"), cause.Advice)
	}
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
