package screen

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

// Doctor prints a table that fits 80 columns, and below it in full what is wrong or was
// not checked, and what to do.
func Doctor(on *Screen, document tagboat.DoctorDocument) {
	const widest = 36
	table := console.NewTable("ENVIRONMENT", "CHECK", "RESULT", "WHAT TO DO")
	n := 0
	for _, c := range document.Checks {
		todo := "-"
		if c.Advice != "" || c.Result != tagboat.CheckOK {
			n++
			todo = fmt.Sprintf("see %d", n)
		}
		table.Row(console.Text(Dash(string(c.Environment))), console.Text(c.Check), resultCell(c, widest), console.Text(todo))
	}
	table.Print(on.Streams)
	n = 0
	for _, c := range document.Checks {
		if c.Advice == "" && c.Result == tagboat.CheckOK {
			continue
		}
		n++
		on.Printf("\n%d. %s %s: %s\n", n, Dash(string(c.Environment)), c.Check, c.Message)
		if c.Advice != "" {
			on.Printf("   %s %s\n", on.OnOut(console.Accent, "→"), c.Advice)
		}
	}
}

// resultCell is what was found where that is short, and else how the check ended.
func resultCell(c tagboat.Check, widest int) console.Cell {
	switch c.Result {
	case tagboat.CheckProblem:
		return console.Cell{Text: "problem", Style: console.Bad}
	case tagboat.CheckUnchecked:
		return console.Cell{Text: "not checked", Style: console.Warn}
	default:
		return console.Cell{Text: brief(c.Message, widest), Style: console.Good}
	}
}

// brief returns the part of an ARN that people know something by, and of a long text its
// first clause.
func brief(text string, widest int) string {
	if strings.HasPrefix(text, "arn:") {
		return text[strings.LastIndex(text, ":")+1:]
	}
	for _, end := range []string{"; ", ": "} {
		if first, _, ok := strings.Cut(text, end); ok && utf8.RuneCountInString(text) > widest {
			text = first
		}
	}
	return text
}
