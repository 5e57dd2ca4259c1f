package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/words"
)

// Drift prints the views of services beside one another, environment by environment, and below what
// the stacks' updates would do. Services without a difference are counted, unless all are to be shown.
func Drift(on *Screen, document tagboat.DriftDocument, all bool) {
	same := 0
	for _, env := range environmentsOf(document) {
		var shown []tagboat.ServiceDrift
		for _, s := range document.Services {
			switch {
			case s.Environment != env:
			case all || on.Wide || noteworthy(s):
				shown = append(shown, s)
			default:
				same++
			}
		}
		if len(shown) > 0 {
			on.Printf("%s\n", on.OnOut(console.Strong, string(env)))
			driftTable(on, shown)
			for _, s := range shown {
				printDrift(on, s)
			}
		}
	}
	if same > 0 {
		on.Printf("%s without drift\n", counted(same, "service"))
	}
	for _, note := range document.Notes {
		on.Notice(note)
	}
	for _, e := range document.Errors {
		on.Printf("%s %s\n", on.OnOut(console.Bad, string(e.Environment)+":"), e.Message)
	}
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// noteworthy reports whether a service differs anywhere, or an update would bring it another version.
func noteworthy(s tagboat.ServiceDrift) bool {
	quiet := []tagboat.Effect{tagboat.EffectNothing, tagboat.EffectSame}
	return len(s.Differences) > 0 || s.Stack != nil && (!slices.Contains(quiet, s.Stack.Update.Effect) || s.Stack.Predicted != nil)
}

func environmentsOf(document tagboat.DriftDocument) []tagboat.EnvName {
	var all []tagboat.EnvName
	for _, s := range document.Services {
		if !slices.Contains(all, s.Environment) {
			all = append(all, s.Environment)
		}
	}
	return all
}

func driftTable(on *Screen, services []tagboat.ServiceDrift) {
	header := []string{"SERVICE", "CONTAINER", "PINNED", "DEPLOYED", "RUNNING"}
	owned := slices.ContainsFunc(services, func(s tagboat.ServiceDrift) bool { return s.Stack != nil })
	if owned {
		header = append(header, "TEMPLATED")
	}
	table := console.NewTable(header...).Keep("PINNED", "DEPLOYED", "RUNNING")
	for _, s := range services {
		for n, i := range s.Images {
			service := ""
			if n == 0 {
				service = string(s.Service)
			}
			row := []console.Cell{
				{Text: service, Style: console.Strong}, console.Text(string(i.Container)), console.Text(versionCell(i.Pinned)),
				differing(i.Deployed, i.Pinned), differing(i.Running, i.Deployed),
			}
			if owned {
				row = append(row, templatedCell(s, i))
			}
			table.Row(row...)
		}
	}
	table.Print(on.Streams)
}

// versionCell is the tag where there is one, and else the beginning of the digest.
func versionCell(o tagboat.Observed) string {
	if o.Digest == "" {
		return Dash(o.Tag)
	}
	return words.Short(o.Tag, o.Digest)
}

func differing(o, from tagboat.Observed) console.Cell {
	c := console.Text(versionCell(o))
	if o != (tagboat.Observed{}) && o.Digest != from.Digest && o.Tag != from.Tag {
		c.Style = console.Warn
	}
	return c
}

// templatedCell has what the stack had at its last update, and what its template has by now.
func templatedCell(s tagboat.ServiceDrift, i tagboat.ImageDrift) console.Cell {
	if s.Stack == nil {
		return console.Text("-")
	}
	c := differing(i.Templated, i.Deployed)
	if i.Resolved != (tagboat.Observed{}) && i.Resolved.Digest != i.Templated.Digest && i.Resolved.Tag != i.Templated.Tag {
		c.Text += " → " + versionCell(i.Resolved)
	}
	return c
}

func printDrift(on *Screen, s tagboat.ServiceDrift) {
	head := fmt.Sprintf("%s/%s", s.Environment, s.Service)
	if s.Stack != nil {
		head += fmt.Sprintf(": %s, of stack %s (%s)", Dash(words.Last(s.TaskDefinition)), s.Stack.Name, s.Stack.Status)
	} else if s.TaskDefinition != "" {
		head += ": " + words.Last(s.TaskDefinition)
	}
	on.Printf("%s\n", on.OnOut(console.Strong, head))
	for _, d := range s.Differences {
		on.Printf("  %s %s\n", on.OnOut(console.Warn, "•"), d)
	}
	printDiff(on, s.Diff)
	if s.Stack == nil {
		return
	}
	prophecies := []tagboat.Prophecy{s.Stack.Update, s.Stack.Change, s.Stack.Revert}
	for n, p := range prophecies {
		if n == 0 || p.Text != prophecies[n-1].Text {
			on.Printf("  %s %s\n", on.OnOut(console.Accent, "→"), p.Text)
		}
	}
	if p := s.Stack.Predicted; p != nil {
		printPredicted(on, "the plain change set", p.Update)
		printPredicted(on, "the drift-reverting change set", p.Revert)
		if len(p.Others) > 0 {
			on.Printf("  others that they change: %s\n", strings.Join(p.Others, ", "))
		}
	}
}

func printPredicted(on *Screen, set string, lines []string) {
	if len(lines) == 0 {
		on.Printf("  CloudFormation: %s changes nothing of the service\n", set)
		return
	}
	on.Printf("  CloudFormation: %s:\n", set)
	for _, line := range lines {
		on.Printf("    %s\n", line)
	}
}
