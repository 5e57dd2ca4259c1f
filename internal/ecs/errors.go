package ecs

import "errors"

// The kinds of failure that who decides has to tell apart. Package cloud wraps them;
// test with errors.Is.
var (
	// ErrNotFound says that AWS does not have what was asked for: a cluster, a task
	// definition, a log group.
	ErrNotFound = errors.New("not found")
	// ErrAmbiguous says that the answer to a changing call got lost, so that nobody
	// knows whether it took effect: look before doing it again.
	ErrAmbiguous = errors.New("the answer got lost: it may have taken effect")
	// ErrNotDone says that AWS refused a call because of what it asks for or who asks, so
	// that nothing came of it.
	ErrNotDone = errors.New("AWS refused it: nothing came of it")
)

// Refused says that AWS does not let the caller make a call: asking again is no use until
// somebody changes a policy or renews credentials. Package cloud wraps it; find it with
// errors.As.
type Refused struct {
	Action string // in IAM's words: "ecs:ListTasks"
}

// Error says what is refused.
func (r Refused) Error() string { return r.Action + " is refused" }
