package githubactions

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/tagboat/tagboat"
)

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
