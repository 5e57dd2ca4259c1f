package console

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// Markup is text that may move the cursor, change colours and begin new lines. Only this
// package makes it, from text that is printable and from its own escape sequences; all
// other text becomes printable on its way to a stream, wherever it came from.
type Markup string

// Printable returns text as one line that a terminal and a log show as it is: what
// controls a terminal, changes the direction of what follows, cannot be seen or is not
// UTF-8 becomes a blank or U+FFFD.
func Printable(text string) string { return strings.Map(printable, text) }

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

// Lines returns text of several lines with each line printable. Tabs stay.
func Lines(text string) Markup { return Markup(strings.Map(printableInLines, text)) }

func printableInLines(r rune) rune {
	if r == '\n' || r == '\t' {
		return r
	}
	return printable(r)
}

// Join puts pieces one after another with text of ours between them.
func Join(pieces []Markup, between string) Markup {
	var b strings.Builder
	for i, piece := range pieces {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(string(piece))
	}
	return Markup(b.String())
}

// printables returns the arguments of a format with all text in them printable. What
// prints as text through a method or through its elements becomes that text first.
func printables(args []any) []any {
	safe := make([]any, len(args))
	for i, arg := range args {
		safe[i] = arg
		switch kind := reflect.ValueOf(arg).Kind(); {
		case isMarkup(arg), reflect.Bool <= kind && kind <= reflect.Complex128 && !speaks(arg):
		case kind == reflect.String && !speaks(arg):
			safe[i] = Printable(reflect.ValueOf(arg).String())
		case kind != reflect.Invalid:
			safe[i] = Printable(fmt.Sprint(arg))
		}
	}
	return safe
}

func isMarkup(arg any) bool { _, ok := arg.(Markup); return ok }

// speaks reports whether arg says itself how it prints.
func speaks(arg any) bool {
	switch arg.(type) {
	case error, interface{ String() string }:
		return true
	default:
		return false
	}
}
