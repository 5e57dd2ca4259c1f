package githubactions

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat"
)

// command returns a workflow command, one line without its end. Properties are a name and
// a value each; those without a value are left out. What a value has that would end it
// early is escaped as the runner reads it.
// https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
func command(name, message string, properties ...[2]string) string {
	separator := " "
	for _, p := range properties {
		if p[1] != "" {
			name += separator + p[0] + "=" + property.Replace(p[1])
			separator = ","
		}
	}
	return "::" + name + "::" + data.Replace(message)
}

func titled(title string) [2]string { return [2]string{"title", title} }

var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
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
		lines = append(lines, command(kind, "the job's summary lists all of them", titled(fmt.Sprintf("and %d more", rest))))
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

// Errors returns a workflow command for each of the errors that a command ended in, at
// its place in the user's file where it has one, as many as GitHub shows.
func Errors(all []error) []string {
	shown := all
	if len(all) > annotationsOfAKind {
		shown = all[:annotationsOfAKind-1]
	}
	var lines []string
	for _, err := range shown {
		lines = append(lines, failure(err))
	}
	if rest := len(all) - len(shown); rest > 0 {
		lines = append(lines, command("error", "the log has all of them", titled(fmt.Sprintf("and %d more", rest))))
	}
	return lines
}

func failure(err error) string {
	var e *tagboat.Error
	if !errors.As(err, &e) {
		return command("error", err.Error(), titled("tagboat"))
	}
	text := err.Error()
	if e.Hint != "" {
		text += "\n→ " + e.Hint
	}
	if e.Where == nil {
		return command("error", text, titled("tagboat"))
	}
	return command("error", text, [2]string{"file", e.Where.File}, [2]string{"line", number(e.Where.Line)}, [2]string{"col", number(e.Where.Column)}, titled("tagboat"))
}

// number writes a place in a file; nought is none.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// Group writes what write does into a part of the log that folds, under a title. The
// runner takes no commands from within: what containers have logged stays text, even
// where it looks like a command.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#stopping-and-starting-workflow-commands
func Group(log io.Writer, title string, write func()) {
	token := rand.Text() // nobody who wrote a log line can have known it
	line(log, command("group", title))
	line(log, command("stop-commands", token))
	write()
	line(log, "::"+token+"::")
	line(log, command("endgroup", ""))
}

// line writes a line. What cannot be written to the log cannot be told there either.
func line(log io.Writer, text string) { _, _ = fmt.Fprintln(log, text) }

// Guard returns a writer to the log of a step that lets no command of the runner through:
// what others wrote into tags, reasons and log lines stays text. It puts a blank where
// the runner would see one of its two forms of commands, "::" at the beginning of a line
// and "##[" anywhere. Commands that are meant go to log itself.
// https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
func Guard(log io.Writer) io.Writer { return &guard{log: log, leading: true} }

type guard struct {
	log     io.Writer
	leading bool // only blanks were written of this line, and perhaps a colon
	colons  int  // at the end of what leads
	hashes  int  // at the end of what was written
}

// Write writes p as a whole and counts what it was given.
func (g *guard) Write(p []byte) (int, error) {
	safe := make([]byte, 0, len(p))
	for _, b := range p {
		if g.completes(b) {
			safe = append(safe, ' ')
		}
		safe = append(safe, b)
		g.follow(b)
	}
	if _, err := g.log.Write(safe); err != nil {
		return 0, err
	}
	return len(p), nil
}

// completes reports whether the runner would read a command once b is written.
func (g *guard) completes(b byte) bool {
	return b == ':' && g.leading && g.colons == 1 || b == '[' && g.hashes >= 2
}

func (g *guard) follow(b byte) {
	switch {
	case b == '\n' || b == '\r':
		g.leading, g.colons = true, 0
	case b == ':':
		g.leading = g.leading && g.colons == 0
		g.colons++
	case !isBlank(b) || g.colons > 0:
		g.leading = false
	}
	g.hashes++
	if b != '#' {
		g.hashes = 0
	}
}

// isBlank reports whether the runner passes over b at the beginning of a line. All bytes
// of runes beyond ASCII count, since blanks are among them: at worst a blank is written
// that was not needed.
func isBlank(b byte) bool { return b <= ' ' || b >= 0x7f }
