package console

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The sequences that drawing takes (ECMA-48, and DECAWM of the VT100). Whether lines wrap
// is switched off and on within each write, so that the terminal is never left without.
const (
	up        = "\x1b[%dA"
	clearLine = "\r\x1b[2K"
	clearRest = "\r\x1b[J"
	wrapOff   = "\x1b[?7l"
	wrapOn    = "\x1b[?7h"
)

// erase returns what goes back over so many lines and clears them. It clears each by
// itself: some terminals keep a copy of a whole screen that is cleared at once.
func erase(lines int) string {
	if lines == 0 {
		return ""
	}
	back := fmt.Sprintf(up, lines)
	return back + strings.Repeat(clearLine+"\n", lines) + clearLine + back
}

// draw puts the lines on the terminal in one write, where they are not there already.
func (l *Live) draw(now time.Time) {
	width, height := l.streams.size()
	lines := l.frame(width, height, now)
	if slices.Equal(lines, l.drawn) {
		return
	}
	var b strings.Builder
	b.WriteString(wrapOff)
	if len(l.drawn) > 0 {
		fmt.Fprintf(&b, up, len(l.drawn))
	}
	for _, line := range lines {
		b.WriteString(clearLine + line + "\n")
	}
	if len(lines) < len(l.drawn) {
		b.WriteString(clearRest)
	}
	b.WriteString(wrapOn)
	_, _ = l.streams.Err.Write([]byte(b.String()))
	l.drawn, l.at = lines, now
}

// frame returns the lines as they stand, as many as fit, and last how many do not.
func (l *Live) frame(width, height int, now time.Time) []string {
	if l.whole != nil {
		return l.top(width, height)
	}
	waiting := max(0, l.total-len(l.lines))
	shown, hidden := l.fit(height, waiting > 0)
	rows := make([][]Cell, len(shown))
	for i, s := range shown {
		rows[i] = s.aged(now)
	}
	lines := l.columns(rows, width)
	if rest := counted(hidden, waiting); rest != "" {
		lines = append(lines, string(l.streams.OnErr(Faint, cutTo(rest, width))))
	}
	return lines
}

// top returns as many of the lines that are laid out as fit, and last how many do not.
func (l *Live) top(width, height int) []string {
	room := len(l.whole)
	if height > 0 && room > height-1 {
		room = max(height-2, 0)
	}
	lines := make([]string, room)
	for i, line := range l.whole[:room] {
		lines[i] = string(line)
	}
	if more := len(l.whole) - room; more > 0 {
		lines = append(lines, string(l.streams.OnErr(Faint, cutTo(fmt.Sprintf("… and %d lines", more), width))))
	}
	return lines
}

// fit chooses the lines that are shown, in their order; the cursor has a line to itself.
func (l *Live) fit(height int, more bool) (shown, hidden []*standing) {
	room := height - 1
	if more {
		room--
	}
	if height <= 0 || len(l.lines) <= room {
		return l.lines, nil
	}
	if !more {
		room-- // for how many there are besides
	}
	ranked := slices.Clone(l.lines)
	slices.SortStableFunc(ranked, func(a, b *standing) int { return a.Rank - b.Rank })
	chosen := map[*standing]bool{}
	for _, s := range ranked[:max(room, 0)] {
		chosen[s] = true
	}
	for _, s := range l.lines {
		if chosen[s] {
			shown = append(shown, s)
		} else {
			hidden = append(hidden, s)
		}
	}
	return shown, hidden
}

// counted says how many there are besides those that are shown.
func counted(hidden []*standing, waiting int) string {
	count := map[string]int{}
	for _, s := range hidden {
		count[s.Group]++
	}
	var parts []string
	for _, group := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%d %s", count[group], group)))
	}
	if waiting > 0 {
		parts = append(parts, fmt.Sprintf("%d waiting", waiting))
	}
	if len(parts) == 0 {
		return ""
	}
	return "… and " + strings.Join(parts, ", ")
}

// aged returns the cells with the age before the last one.
func (l Line) aged(now time.Time) []Cell {
	if l.Began.IsZero() {
		return l.Cells
	}
	end := l.Ended
	if end.IsZero() {
		end = now
	}
	age := Cell{Text: end.Sub(l.Began).Truncate(time.Second).String(), Style: Faint}
	return slices.Insert(slices.Clone(l.Cells), max(len(l.Cells)-1, 0), age)
}

// columns lays rows out side by side, each within width; 0 is no limit.
func (l *Live) columns(rows [][]Cell, width int) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell.Text))
		}
	}
	lines := make([]string, len(rows))
	for n, row := range rows {
		var b strings.Builder
		column := 0
		for i, cell := range row {
			if width > 0 && column >= width {
				break
			}
			text := cell.Text
			if width > 0 {
				text = cut(text, width-column)
			}
			b.WriteString(string(l.streams.OnErr(cell.Style, text)))
			column += widths[i] + gap
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]+gap-utf8.RuneCountInString(text)))
			}
		}
		lines[n] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// cutTo is cut where a width is known.
func cutTo(text string, width int) string {
	if width <= 0 {
		return text
	}
	return cut(text, width)
}
