// Package screen shows people what commands answer: tables, the matrix of status, verdicts with
// their reasons, questions, and in GitHub Actions annotations and the job's summary.
package screen

import (
	"errors"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/githubactions"
)

// Screen is where a command shows its answer, and how its user wants it shown.
type Screen struct {
	*console.Streams
	Log     *console.Streams // the same where commands to GitHub Actions get through
	Getenv  func(string) string
	Output  string // table, wide, json or markdown
	Wide    bool   // tables show all that they have, past the terminal's edge
	Verbose bool   // notes on what is usual, and digests
}

// AsJSON reports whether the answer is a document.
func (on *Screen) AsJSON() bool { return on.Output == "json" }

// AsMarkdown reports whether the answer is for a pull request.
func (on *Screen) AsMarkdown() bool { return on.Output == "markdown" }

func (on *Screen) printMarkdown(pieces []string) {
	on.Printf("%s", console.Lines(strings.TrimPrefix(strings.Join(pieces, ""), "\n")))
}

// Notice prints what a user should know beside the answer.
func (on *Screen) Notice(text string) { on.Talkf("%s %s\n", on.OnErr(console.Warn, "note:"), text) }

// shown wraps an error that a screen has shown in its own way.
type shown struct{ error }

func (s shown) Unwrap() error { return s.error }

// Shown returns err as one that was shown already.
func Shown(err error) error { return shown{err} }

// WasShown reports whether err was shown already.
func WasShown(err error) bool {
	var s shown
	return errors.As(err, &s)
}

// annotate says in GitHub Actions, beside the run, which deployments did not end well.
// The runner reads commands from both streams, so a JSON document stays one.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/ScriptHandler.cs
func (on *Screen) annotate(deployments []tagboat.Deployment) {
	if !githubactions.Inside(on.Getenv) {
		return
	}
	say := on.Log.Printf
	if on.AsJSON() {
		say = on.Log.Talkf
	}
	for _, line := range githubactions.Annotations(deployments) {
		say("%s\n", line)
	}
}

// AnnotateErrors says in GitHub Actions, beside the run and the lines of the user's files,
// what a command ended in.
func (on *Screen) AnnotateErrors(err error) {
	if !githubactions.Inside(on.Getenv) {
		return
	}
	for _, line := range githubactions.Errors(console.Each(err)) {
		on.Log.Talkf("%s\n", line)
	}
}

// folded writes what write does, in GitHub Actions as a group of the log.
func (on *Screen) folded(title string, write func()) {
	if !githubactions.Inside(on.Getenv) {
		write()
		return
	}
	githubactions.Group(on.Log.Out, title, func() {
		guarded := on.Streams
		on.Streams = on.Log // in a group the runner takes no commands, so that text can stay as it is
		write()
		on.Streams = guarded
	})
}

// Summarize adds to the job's summary in GitHub Actions. What was done is done, so a
// failure is only noted.
func (on *Screen) Summarize(pieces []string) {
	file := on.Getenv("GITHUB_STEP_SUMMARY")
	if !githubactions.Inside(on.Getenv) || file == "" {
		return
	}
	if err := githubactions.AppendSummary(file, pieces); err != nil {
		on.Notice(err.Error())
	}
}
