package console

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Line is how one thing stands.
type Line struct {
	// Cells are its columns. The last of several is a remark: without a terminal, a
	// change of it alone is printed at most every ten seconds.
	Cells []Cell
	// Began is when it began, zero where its age is nobody's concern; Ended is zero while
	// it goes on. On a terminal the age stands before the last cell.
	Began, Ended time.Time
	// AtOnce has a change of the remark alone printed at once.
	AtOnce bool
	Group  string // what it is counted as where not all lines fit
	Rank   int    // lines with the lowest are shown where not all fit
}

// Live shows the state of things that go on side by side. On a terminal each has one
// line that is drawn again in place, as many as fit; elsewhere a line is written whenever
// one changes. Nothing has to be put back on the terminal, whenever it ends: each drawing
// leaves it as it was. Its methods may be called at once.
type Live struct {
	streams *Streams
	now     func() time.Time
	total   int // how many things there will be; 0 where nobody knows

	mu    sync.Mutex
	lines []*standing   // in the order of their keys
	whole []Markup      // what is shown in place of lines
	drawn []string      // what is on the terminal
	at    time.Time     // when that was drawn
	stop  chan struct{} // ends the drawing by itself; nil before it began
	ended chan struct{}
	done  bool
}

// standing is a line that was set.
type standing struct {
	Line
	key  string
	told time.Time // without a terminal: when it was written last
}

const (
	drawEvery   = 100 * time.Millisecond // however often things change
	remarkEvery = 10 * time.Second
)

// NewLive returns a Live on the stream for talk, for total things, 0 where nobody knows
// how many. What else is said there stands above it, until Done.
func (s *Streams) NewLive(total int) *Live {
	s.settle()
	l := &Live{streams: s, now: time.Now, total: total}
	if s.ErrTTY {
		s.live.Store(l)
	}
	return l
}

// Set says how the thing named key stands.
func (l *Live) Set(key string, line Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range line.Cells {
		line.Cells[i].Text = strings.TrimSpace(Printable(line.Cells[i].Text))
	}
	at, known := slices.BinarySearchFunc(l.lines, key, func(s *standing, key string) int { return strings.Compare(s.key, key) })
	if !known {
		l.lines = slices.Insert(l.lines, at, &standing{key: key})
	}
	s := l.lines[at]
	if !l.streams.ErrTTY {
		l.write(s, line)
		return
	}
	s.Line = line
	if l.stop == nil && !l.done {
		l.stop, l.ended = make(chan struct{}), make(chan struct{})
		go l.run(l.stop, l.ended)
	}
	if now := l.now(); now.Sub(l.at) >= drawEvery && !l.done {
		l.draw(now)
	}
}

// Show has lines that are laid out already in the place of those that were set, on a terminal
// alone: as many as it has room for, from the first.
func (l *Live) Show(lines []Markup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.whole = lines
	if l.streams.ErrTTY && !l.done {
		l.draw(l.now())
	}
}

// write writes a line where it differs enough from what was written last.
func (l *Live) write(s *standing, line Line) {
	now, last := l.now(), len(line.Cells)-1
	if slices.Equal(s.Cells, line.Cells) {
		return
	}
	remark := last > 0 && len(s.Cells) == len(line.Cells) && slices.Equal(s.Cells[:last], line.Cells[:last])
	if remark && !line.AtOnce && now.Sub(s.told) < remarkEvery {
		return
	}
	s.Line, s.told = line, now
	var texts []string
	for _, cell := range line.Cells {
		if cell.Text != "" {
			texts = append(texts, cell.Text)
		}
	}
	l.streams.Talkf("%s\n", strings.Join(texts, "  "))
}

// run draws what changed since, ages among it, until stop.
func (l *Live) run(stop, ended chan struct{}) {
	defer close(ended)
	ticker := time.NewTicker(2 * drawEvery)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			l.mu.Lock()
			l.draw(l.now())
			l.mu.Unlock()
		}
	}
}

// Done leaves the last state on the terminal; what is written next stands below it.
func (l *Live) Done() {
	l.streams.live.CompareAndSwap(l, nil)
	l.mu.Lock()
	if l.streams.ErrTTY && !l.done {
		l.draw(l.now())
	}
	l.done = true
	stop, ended := l.stop, l.ended
	l.stop = nil
	l.mu.Unlock()
	if stop != nil {
		close(stop)
		<-ended
	}
}

// above writes text over the lines and draws them again below it.
func (l *Live) above(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		_, _ = l.streams.Err.Write([]byte(text))
		return
	}
	_, _ = l.streams.Err.Write([]byte(erase(len(l.drawn)) + text))
	l.drawn = nil
	l.draw(l.now())
}
