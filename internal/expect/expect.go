// Package expect has what every test asks: that there was no error, and that a whole value
// is the one wanted.
package expect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// OK ends the test unless err is nil.
func OK(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Value returns what gives the result of a call, as in Value(strconv.Atoi(s))(t). It ends
// the test unless err is nil.
func Value[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Err returns the error of a call whose value does not matter.
func Err[T any](_ T, err error) error { return err }

// Equal fails the test, which goes on, unless got is what is wanted.
func Equal[T any](t testing.TB, want, got T, options ...cmp.Option) {
	t.Helper()
	if diff := cmp.Diff(want, got, options...); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// EqualIn is Equal for one of several values, whose name its message has.
func EqualIn[T any](t testing.TB, what string, want, got T, options ...cmp.Option) {
	t.Helper()
	if diff := cmp.Diff(want, got, options...); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
