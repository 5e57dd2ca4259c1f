package source

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/tagboat/tagboat"
)

// Errorf returns an error of kind Usage at the place of n.
func (n *Node) Errorf(format string, args ...any) *tagboat.Error {
	return errorAt(n.At, n.Path, format, args...)
}

// Errorf returns an error of kind Usage at the place of the field's name.
func (f Field) Errorf(format string, args ...any) *tagboat.Error {
	return errorAt(f.At, f.Value.Path, format, args...)
}

// errorAt names the path where no line is known, which is so for what Jsonnet made:
// the line that a value came from is lost when it is computed.
func errorAt(at tagboat.Position, path, format string, args ...any) *tagboat.Error {
	msg := fmt.Sprintf(format, args...)
	if at.Line == 0 && path != "" {
		msg = path + ": " + msg
	}
	return tagboat.Usagef("%s", msg).At(at)
}

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

// longestQuote is the length in bytes of the longest line that an error quotes.
// A minified file is one line of many kilobytes, and quoting it helps nobody.
const longestQuote = 500

// lines finds the line of a place in a file.
type lines struct {
	file   string
	data   []byte
	starts []int // offset of the first byte of each line
	// last is where offset was asked for last, since it is asked from the front to the back
	// and a minified file is one line.
	last struct{ off, line, column int }
}

func newLines(file string, data []byte) *lines {
	l := &lines{file: file, data: data, starts: []int{0}}
	for i, b := range data {
		if b == '\n' {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

// offset returns the place of the byte at off.
func (l *lines) offset(off int) tagboat.Position {
	off = max(0, min(off, len(l.data)))
	line := sort.Search(len(l.starts), func(i int) bool { return l.starts[i] > off })
	from, column := l.starts[line-1], 1
	if l.last.line == line && l.last.off <= off {
		from, column = l.last.off, l.last.column
	}
	column += utf8.RuneCount(l.data[from:off])
	l.last.off, l.last.line, l.last.column = off, line, column
	return l.place(line, column)
}

// place returns the place with the text of its line. Line and column count from 1.
func (l *lines) place(line, column int) tagboat.Position {
	line = max(1, min(line, len(l.starts)))
	return tagboat.Position{File: l.file, Line: line, Column: max(1, column), Text: l.text(line)}
}

func (l *lines) text(line int) string {
	rest := l.data[l.starts[line-1]:]
	if line < len(l.starts) {
		rest = l.data[l.starts[line-1] : l.starts[line]-1]
	}
	if len(rest) > longestQuote {
		return ""
	}
	return strings.TrimRight(string(rest), "\r")
}
