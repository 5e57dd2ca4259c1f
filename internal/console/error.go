package console

import (
	"errors"
	"strings"

	"github.com/tagboat/tagboat"
)

// Error tells of err: what happened, the line of the user's file where there is one
// with a mark under the column, and what to do. An error that joins several is told
// one by one.
func (s *Streams) Error(err error) {
	for _, e := range Each(err) {
		s.one(e)
	}
}

// Each returns the errors that err joins, or err alone.
func Each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, Each(e)...)
		}
		return all
	}
	return []error{err}
}

// Warning tells of err as Error does, but as of something that stops nothing.
func (s *Streams) Warning(err error) { s.tell(s.OnErr(Warn, "warning:"), err) }

func (s *Streams) one(err error) { s.tell(s.OnErr(Bad, "error:"), err) }

func (s *Streams) tell(kind Markup, err error) {
	s.Talkf("%s %s\n", kind, err)
	var e *tagboat.Error
	if !errors.As(err, &e) {
		return
	}
	if e.Where != nil && e.Where.Text != "" {
		s.place(*e.Where)
	}
	if e.Hint != "" {
		s.Talkf("%s %s\n", s.OnErr(Accent, "hint:"), e.Hint)
	}
}

// place shows the line with a caret under its column; tabs stay tabs so that the two
// lines up.
func (s *Streams) place(p tagboat.Position) {
	s.Talkf("  | %s\n", Lines(strings.ReplaceAll(p.Text, "\n", " ")))
	if p.Column < 1 {
		return
	}
	runes := []rune(p.Text)
	lead := runes[:min(p.Column-1, len(runes))]
	blank := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, string(lead))
	s.Talkf("  | %s%s\n", Lines(blank), s.OnErr(Bad, "^"))
}
