package source

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/tagboat/tagboat"
)

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
