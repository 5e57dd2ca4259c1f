package wiretest

import (
	"errors"
	"strings"
	"testing"
)

// Failure returns the code and the message of an AWS error as an SDK has it, "" for no
// error, and the text of any other.
func Failure(err error) string {
	var e interface {
		ErrorCode() string
		ErrorMessage() string
	}
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.ErrorCode() + ": " + e.ErrorMessage()
	default:
		return err.Error()
	}
}

// WantFailure fails the test unless err is an AWS error whose Failure begins with want,
// or no error where want is "".
func WantFailure(t testing.TB, err error, want string) {
	t.Helper()
	if got := Failure(err); want == "" && got != "" || !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
