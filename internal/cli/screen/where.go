package screen

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/words"
)

// Where prints what an argument stands for, and how each of it stands in every environment.
func Where(on *Screen, document tagboat.WhereDocument) {
	for i, found := range document.Found {
		if i > 0 {
			on.Printf("\n")
		}
		on.Printf("%s is %s\n", on.OnOut(console.Strong, document.Asked), foundText(found))
		table := console.NewTable("ENVIRONMENT", "STATE", "SINCE", "UNTIL", "BY", "WHY").Keep("ENVIRONMENT", "STATE", "SINCE").Drop("BY", "UNTIL")
		for _, p := range found.Places {
			last := tagboat.Period{}
			var since string
			if len(p.Periods) > 0 {
				last = p.Periods[0]
				since = words.Moment(&last.From)
			}
			table.Row(console.Cell{Text: string(p.Environment), Style: console.Strong}, console.Cell{Text: p.State, Style: standingStyle(p.State)},
				console.Text(Dash(since)), console.Text(words.Moment(last.To)), console.Text(Dash(words.Who(cmp.Or(p.By, last.By)))), console.Text(Dash(standingText(p, last))))
		}
		table.Print(on.Streams)
		for _, p := range found.Places {
			if p.State == tagboat.StandingWaits && p.Hint != "" {
				on.Printf("  %s %s: %s\n", on.OnOut(console.Accent, "→"), p.Environment, p.Hint)
			}
		}
	}
	m := matrix{paint: on.OnOut, width: on.Columns(), document: tagboat.StatusDocument{Errors: document.Errors}}
	for _, line := range m.notes() {
		on.Printf("%s\n", line)
	}
}

// foundText says how an argument was understood.
func foundText(f tagboat.Found) string {
	text := f.As
	if f.Kind == "version" {
		text += ": " + string(f.Image) + " " + words.Version(f.Tag, f.Digest)
	} else {
		text += fmt.Sprintf(" (%s)", f.ReleaseID.Short())
	}
	if f.Commit != "" {
		text += fmt.Sprintf(", of commit %.7s", f.Commit)
	}
	if f.Kind == "version" && f.Release != "" {
		text += ", in release " + f.Release
	}
	return text
}

func standingText(p tagboat.Standing, last tagboat.Period) string {
	switch {
	case p.Cause != "":
		return string(p.Cause) + ": " + p.Reason
	case p.Reason != "":
		return p.Reason
	case p.State == tagboat.StandingPartly:
		var names []string
		for _, s := range p.Services {
			names = append(names, string(s))
		}
		return "in " + strings.Join(names, ", ") + " alone"
	default:
		return last.Message
	}
}

func standingStyle(state string) console.Style {
	switch state {
	case tagboat.StandingRuns:
		return console.Good
	case tagboat.StandingWaits, tagboat.StandingPartly, tagboat.StandingPinned:
		return console.Warn
	case tagboat.StandingRejected, tagboat.StandingUnknown:
		return console.Bad
	default:
		return console.Faint
	}
}

// Chain prints the links between a push and the tasks, and marks the first that is not closed.
func Chain(on *Screen, document tagboat.WhyDocument) {
	on.Printf("%s %s\n", on.OnOut(console.Strong, fmt.Sprintf("%s in %s:", document.Image, document.Environment)),
		words.Version(document.Version.Tag, document.Version.Digest))
	for _, l := range document.Links {
		mark, style := "✓", console.Good
		switch l.State {
		case tagboat.LinkOpen:
			mark, style = "✗", console.Bad
		case tagboat.LinkUnknown:
			mark, style = words.Unknown, console.Warn
		}
		text := l.Evidence
		if l.Cause != "" {
			text = string(l.Cause) + ": " + text
		}
		m := matrix{paint: on.OnOut, width: on.Columns()}
		lead := console.Padded(on.OnOut(style, mark)+" "+on.OnOut(console.Plain, l.Link), len("✗ released"))
		for _, line := range m.wrapped(lead+"  ", "            ", text) {
			on.Printf("%s\n", line)
		}
		if l.Link == document.Open && l.Hint != "" {
			for _, line := range m.todo(l.Hint) {
				on.Printf("        %s\n", line)
			}
		}
	}
	if document.Open == "" {
		on.Printf("%s\n", on.OnOut(console.Good, "it runs"))
	}
}
