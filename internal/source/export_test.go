package source

import "time"

// Spend runs a computation with a budget of a test's own, and reports whether it was over.
func Spend(limit time.Duration, memory uint64, run func() (string, error)) (string, error) {
	return budget{limit, memory}.spend(run)
}
