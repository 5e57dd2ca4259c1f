package console

import (
	"fmt"
	"strings"
	"sync"
)

// Live shows the state of things that go on side by side. On a terminal each has one
// line that is drawn again in place; elsewhere a line is written whenever one changes.
// Its methods may be called at once.
type Live struct {
	streams *Streams
	mu      sync.Mutex
	keys    []string
	lines   map[string]string
	drawn   int // lines on the terminal that the next drawing goes over
}

// NewLive returns a Live on the stream for talk.
func (s *Streams) NewLive() *Live { return &Live{streams: s, lines: map[string]string{}} }

// Set says how the thing named key stands.
func (l *Live) Set(key, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, known := l.lines[key]
	if !known {
		l.keys = append(l.keys, key)
	}
	if known && old == line {
		return
	}
	l.lines[key] = line
	if l.streams.ErrTTY {
		l.draw()
		return
	}
	l.streams.Talkf("%s\n", line)
}

// Done leaves the last state on the terminal; what is written next stands below it.
func (l *Live) Done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drawn = 0
}

func (l *Live) draw() {
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", l.drawn)
	}
	for _, key := range l.keys {
		line := l.lines[key]
		if l.streams.Width > 0 {
			line = cut(line, l.streams.Width)
		}
		b.WriteString("\r\x1b[2K" + line + "\n")
	}
	l.drawn = len(l.keys)
	l.streams.Talkf("%s", b.String())
}
