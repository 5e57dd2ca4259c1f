package githubactions

import (
	"crypto/rand"
	"fmt"
	"io"
)

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
