package tagboat

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what an error means for the caller; each maps to one exit code and
// one HTTP status.
type Kind int

// The kinds, each with the exit code of the command that ends in it.
const (
	Internal    Kind = iota // 1: something went wrong
	Usage                   // 2: wrong usage or configuration; nothing was touched
	Pending                 // 3: changes are pending, and --exit-code asked
	RolledBack              // 4: a deployment failed and was rolled back
	Failed                  // 5: a deployment failed and was not rolled back
	TimedOut                // 6: the deployment goes on, we stopped waiting
	Superseded              // 7: somebody else's deployment took over
	Blocked                 // 8: a gate or a hold
	Interrupted             // 130: the user stopped it
)

// String returns the name of k in JSON.
func (k Kind) String() string {
	switch k {
	case Usage:
		return "usage"
	case Pending:
		return "pending"
	case RolledBack:
		return "rolled-back"
	case Failed:
		return "failed"
	case TimedOut:
		return "timed-out"
	case Superseded:
		return "superseded"
	case Blocked:
		return "blocked"
	case Interrupted:
		return "interrupted"
	default:
		return "internal"
	}
}

// ExitCode returns the exit code that stands for k.
func (k Kind) ExitCode() int {
	switch k {
	case Interrupted:
		return 130
	default:
		return int(k) + 1
	}
}

// HTTPStatus returns the status of a response that ends in an error of kind k.
// https://www.rfc-editor.org/rfc/rfc9110#name-status-codes
func (k Kind) HTTPStatus() int {
	switch k {
	case Usage:
		return 400 // Bad Request
	case Pending, Superseded, Blocked:
		return 409 // Conflict: it is well asked, and what there is does not allow it
	case RolledBack, Failed:
		return 502 // Bad Gateway: ECS did not get there
	case TimedOut:
		return 504 // Gateway Timeout
	case Interrupted:
		return 503 // Service Unavailable: the server was stopped
	default:
		return 500 // Internal Server Error
	}
}

// Position is a place in a file that the user wrote. Line and Column count from 1;
// zero means unknown. Text is the line itself.
type Position struct {
	File   string
	Line   int
	Column int
	Text   string
}

// String returns file:line:column, as far as it is known.
func (p Position) String() string {
	s := p.File
	if p.Line > 0 {
		s += fmt.Sprintf(":%d", p.Line)
		if p.Column > 0 {
			s += fmt.Sprintf(":%d", p.Column)
		}
	}
	return s
}

// Error is an error that a user can act on: what happened, where, and what to do.
type Error struct {
	Kind  Kind
	Msg   string
	Hint  string    // the next thing to do or type; "" if there is none
	Where *Position // the place in the user's file; nil if there is none
	Err   error     // the cause; nil if Msg says it all
}

// Errorf returns an *Error of kind k. A %w verb sets its cause.
func Errorf(k Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: k, Msg: err.Error(), Err: errors.Unwrap(err)}
}

// Usagef returns an *Error of kind Usage.
func Usagef(format string, args ...any) *Error { return Errorf(Usage, format, args...) }

// WithHint returns e with a hint.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// At returns e with a place.
func (e *Error) At(p Position) *Error {
	e.Where = &p
	return e
}

// Error returns the message with its place in front.
func (e *Error) Error() string {
	if e.Where == nil {
		return e.Msg
	}
	return e.Where.String() + ": " + e.Msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of err: that of the first *Error in its tree, else Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// HintOf returns the hint of the first *Error in err's tree, or how to go on where there
// is none.
func HintOf(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Hint != "" {
		return e.Hint
	}
	return "run the same command again: what is done is not done twice"
}

// Suggest returns a hint that names the candidate closest to name, or lists the
// candidates where none is close. It is "" where there are no candidates.
func Suggest(name string, candidates []string) string {
	best := Closest(name, candidates)
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %q?", best)
	case len(candidates) > 0:
		return "there is " + strings.Join(candidates, ", ")
	default:
		return ""
	}
}

// Closest returns the candidate that name is close to, or "" where none is.
func Closest(name string, candidates []string) string {
	best, distance := "", len(name)/3+2
	for _, c := range candidates {
		if d := editDistance(name, c); d < distance {
			best, distance = c, d
		}
	}
	return best
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
