package source

import (
	"cmp"
	"errors"
	"slices"

	"github.com/tagboat/tagboat"
)

// Sorted returns the same errors, joined in the order of their places in the file.
func Sorted(err error) error {
	all := Errors(err)
	slices.SortStableFunc(all, func(a, b error) int {
		x, y := placeOf(a), placeOf(b)
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	return errors.Join(all...)
}

// Errors returns the errors that err joins, those that these join among them.
func Errors(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !ok:
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, Errors(e)...)
	}
	return all
}

func placeOf(err error) tagboat.Position {
	var e *tagboat.Error
	if errors.As(err, &e) && e.Where != nil {
		return *e.Where
	}
	return tagboat.Position{}
}
