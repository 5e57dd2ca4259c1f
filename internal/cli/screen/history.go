package screen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/words"
)

// History prints what was changed, the newest first.
func History(on *Screen, document tagboat.HistoryDocument) {
	if len(document.Events) == 0 && len(document.Errors) == 0 {
		on.Talkf("no change is recorded\n")
	}
	if len(document.Events) > 0 {
		table := console.NewTable("WHEN", "ENV", "WHAT", "CHANGE", "BY", "WHY").Keep("WHEN", "ENV", "CHANGE").Drop("BY", "WHY")
		for _, e := range document.Events {
			table.Row(console.Text(e.At.UTC().Format("2006-01-02 15:04:05Z")), console.Text(Dash(string(e.Environment))),
				console.Cell{Text: whatText(e), Style: eventStyle(e)}, console.Cell{Text: changeText(e, on.Wide || on.Verbose), Style: changeStyle(e)},
				console.Text(Dash(cmp.Or(e.Actor, words.Who(e.By)))), console.Text(whyText(e)))
		}
		table.Print(on.Streams)
	}
	if document.Since != nil {
		on.Talkf("before %s Parameter Store no longer has what others wrote\n", document.Since.UTC().Format("2006-01-02 15:04:05Z"))
	}
}

func whatText(e tagboat.Event) string {
	what := strings.TrimSpace(e.Command + " " + cmp.Or(string(e.Image), string(e.Service)))
	if e.Image == "" && e.Service == "" && e.Release != "" {
		what = strings.TrimPrefix(e.Command+" release", "release ")
	}
	if e.Overwrote {
		what += " (overwrote an update)"
	}
	return what
}

func eventStyle(e tagboat.Event) console.Style {
	switch {
	case e.Overwrote:
		return console.Bad
	case e.Foreign:
		return console.Warn
	default:
		return console.Strong
	}
}

// changeText is what an event changed: from one version to another, and of a deployment which
// revision that made and how it ended. Digests stand where tags do not say it, or are asked for.
func changeText(e tagboat.Event, digests bool) string {
	if ofRelease := e.Release != "" && e.Image == "" && e.Service == ""; ofRelease {
		return releaseStep(e)
	}
	if e.Verdict == "" {
		return stepText(e.From, e.To, digests)
	}
	var parts []string
	for _, c := range e.Changes {
		text := stepText(c.From, c.To, digests)
		if len(e.Changes) > 1 {
			text = string(c.Image) + " " + text
		}
		parts = append(parts, text)
	}
	text := strings.Join(parts, ", ")
	if e.TaskDefinition != "" {
		text += fmt.Sprintf(" (%s)", words.Last(e.TaskDefinition))
	}
	if e.Verdict != tagboat.VerdictSucceeded || text == "" {
		text += " " + string(e.Verdict)
	}
	return strings.TrimSpace(text)
}

// releaseStep says which release took the place of which, how that ended and what it waits for.
func releaseStep(e tagboat.Event) string {
	text := e.Release
	if e.FromRelease != "" && e.FromRelease != e.Release {
		text = e.FromRelease + " → " + text
	}
	if e.FromEnvironment != "" {
		text += " from " + string(e.FromEnvironment)
	}
	if e.Verdict != "" && e.Verdict != tagboat.VerdictSucceeded {
		text += " " + string(e.Verdict)
	}
	if e.Cause != "" && e.Verdict != tagboat.VerdictSucceeded {
		text += fmt.Sprintf(" (%s)", e.Cause)
	}
	return text
}

// stepText says which version took the place of which; one alone where there is no other.
func stepText(from, to tagboat.Observed, digests bool) string {
	digests = digests || from.Tag == to.Tag && from.Digest != to.Digest
	text := func(o tagboat.Observed) string {
		if digests {
			return observedText(o)
		}
		return cmp.Or(o.Tag, observedText(o))
	}
	switch {
	case from == to || from == (tagboat.Observed{}):
		return text(to)
	case to == (tagboat.Observed{}):
		return text(from) + " → none"
	default:
		return text(from) + " → " + text(to)
	}
}

func changeStyle(e tagboat.Event) console.Style {
	if e.Verdict == "" {
		return console.Plain
	}
	return verdictStyle(e.Verdict)
}

// gatesText says which gates were overridden, and who approved.
func gatesText(gates []tagboat.GateResult) string {
	var parts []string
	for _, g := range gates {
		switch {
		case g.BrokenGlass:
			parts = append(parts, "broke the glass of "+g.Gate)
		case g.Passed && g.Reason != "":
			parts = append(parts, g.Gate+": "+g.Reason)
		}
	}
	return strings.Join(parts, "; ")
}

func whyText(e tagboat.Event) string {
	commit := e.Commit
	if len(commit) > 7 {
		commit = commit[:7]
	}
	parts := []string{e.Message, gatesText(e.Gates), commit, e.Run}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}
