package console_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// screen is a terminal, as far as drawing needs one: what is written to it moves its
// cursor and stands in its lines. What it does not know fails the test.
type screen struct {
	t             *testing.T
	width, height int

	mu       sync.Mutex
	lines    []string // those that scrolled out of sight too
	row, col int      // in lines, in runes
	nowrap   bool
	writes   int
	bytes    int
}

func newScreen(t *testing.T, width, height int) *screen {
	return &screen{t: t, width: width, height: height, lines: []string{""}}
}

var sequence = regexp.MustCompile(`^\x1b\[(\??)([0-9]*)([A-Za-z])`)

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	s.bytes += len(p)
	for text := string(p); text != ""; {
		if found := sequence.FindStringSubmatch(text); found != nil {
			s.control(found)
			text = text[len(found[0]):]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		s.put(r)
		text = text[size:]
	}
	return len(p), nil
}

func (s *screen) control(found []string) {
	n := 1
	_, _ = fmt.Sscan(found[2], &n)
	switch found[1] + found[3] {
	case "A":
		s.row = max(s.row-n, s.top())
	case "K":
		s.lines[s.row] = ""
	case "J":
		s.lines = s.lines[:s.row+1]
		s.lines[s.row] = ""
	case "?l":
		s.nowrap = true
	case "?h":
		s.nowrap = false
	case "m":
	default:
		s.t.Errorf("sequence %q", found[0])
	}
}

// top is the first line in sight.
func (s *screen) top() int { return max(0, len(s.lines)-s.height) }

func (s *screen) put(r rune) {
	switch {
	case r == '\r':
		s.col = 0
	case r == '\n':
		s.row, s.col = s.row+1, 0
		if s.row == len(s.lines) {
			s.lines = append(s.lines, "")
		}
	case r < ' ':
		s.t.Errorf("control character %q", r)
	default:
		if s.col >= s.width {
			if s.nowrap {
				return
			}
			s.put('\n')
		}
		line := []rune(s.lines[s.row])
		for len(line) <= s.col {
			line = append(line, ' ')
		}
		line[s.col] = r
		s.lines[s.row] = string(line)
		s.col++
	}
}

// text returns all lines, without blanks at their ends.
func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := slices.Clone(s.lines)
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	if s.nowrap {
		s.t.Error("the terminal is left without wrapping")
	}
	return strings.Join(lines, "\n")
}

// drawn returns how often it was written to, and how much.
func (s *screen) drawn() (writes, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes, s.bytes
}
