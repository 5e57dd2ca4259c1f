package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// Incomplete tells what could not be read, and returns the error of a command that has shown
// what it knows.
func (on *Screen) Incomplete(errs []tagboat.EnvironmentError) error {
	if len(errs) == 0 {
		return nil
	}
	var all errorList
	for _, e := range errs {
		all = append(all, tagboat.Errorf(tagboat.Internal, "%s: %s", e.Environment, e.Message).WithHint("%s", e.Hint))
	}
	on.Error(all)
	on.AnnotateErrors(all)
	return Shown(tagboat.Errorf(tagboat.Internal, "not everything could be read"))
}

// IncompleteShown is Incomplete where a table has said already what could not be read.
func (on *Screen) IncompleteShown(errs []tagboat.EnvironmentError) error {
	if len(errs) == 0 || on.AsJSON() {
		return on.Incomplete(errs)
	}
	var names []string
	for _, e := range errs {
		if !slices.Contains(names, string(e.Environment)) {
			names = append(names, string(e.Environment))
		}
	}
	return tagboat.Errorf(tagboat.Internal, "not everything could be read of %s", strings.Join(names, ", "))
}

// Problems turns what a plan found into one error of kind Usage, or nil.
func Problems(found []tagboat.Problem) error {
	all := problemErrors(found)
	if len(all) == 0 {
		return nil
	}
	return all
}

// Warn prints what a plan found that does not stop it.
func (on *Screen) Warn(found []tagboat.Problem) {
	for _, err := range problemErrors(found) {
		on.Warning(err)
	}
}

// problemErrors returns problems as errors. One that a file has in several environments
// comes once, with the first services that have it.
func problemErrors(found []tagboat.Problem) errorList {
	type same struct{ where, hint, message string }
	of := map[same][]tagboat.Problem{}
	var order []same
	for _, p := range found {
		key := same{p.Where, forEnvironments(p.Hint, []tagboat.Problem{p}, "…"), p.Message}
		if of[key] == nil {
			order = append(order, key)
		}
		of[key] = append(of[key], p)
	}
	var all errorList
	for _, key := range order {
		p := of[key][0]
		e := tagboat.Usagef("%s: %s", concerned(of[key]), p.Message).WithHint("%s", forEnvironments(p.Hint, of[key], ""))
		switch {
		case p.At.File != "":
			e = e.At(p.At)
		case p.Where != "":
			e.Msg = p.Where + ": " + e.Msg
		}
		all = append(all, e)
	}
	return all
}

// forEnvironments returns the hint of the first of several problems for all their
// environments: it names its own after --env. Other names are what is written in their place.
func forEnvironments(hint string, alike []tagboat.Problem, names string) string {
	if names == "" {
		var all []string
		for _, p := range alike {
			if !slices.Contains(all, string(p.Environment)) {
				all = append(all, string(p.Environment))
			}
		}
		names = strings.Join(all, ",")
	}
	return strings.ReplaceAll(hint, "--env "+string(alike[0].Environment), "--env "+names)
}

// concerned names the services that have a problem.
func concerned(alike []tagboat.Problem) string {
	const most = 3
	var names []string
	for _, p := range alike[:min(most, len(alike))] {
		names = append(names, fmt.Sprintf("%s/%s", p.Environment, p.Service))
	}
	if more := len(alike) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), more)
	}
	return strings.Join(names, ", ")
}

// errorList is several errors, each of which is printed by itself.
type errorList []error

func (l errorList) Error() string {
	texts := make([]string, len(l))
	for i, e := range l {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "\n")
}

func (l errorList) Unwrap() []error { return l }
