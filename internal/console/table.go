package console

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Cell is one field of a table.
type Cell struct {
	Text  string
	Style Style
}

// Table gathers rows and prints them in columns that fit the terminal: where they do
// not, the widest columns are cut, with an ellipsis, except those of Keep, and then those of
// Drop are left out.
type Table struct {
	header []string
	rows   [][]Cell
	keep   []string
	drop   []string
}

// NewTable returns a table with a header.
func NewTable(header ...string) *Table { return &Table{header: header} }

// Keep names columns that are never cut.
func (t *Table) Keep(columns ...string) *Table { t.keep = columns; return t }

// Drop names columns that are left out where the others would be cut to less than can be
// read, the one that matters least first.
func (t *Table) Drop(columns ...string) *Table { t.drop = columns; return t }

// Row adds a row. A missing cell is empty; what does not print becomes a blank.
func (t *Table) Row(cells ...Cell) {
	for i := range cells {
		cells[i].Text = Printable(cells[i].Text)
	}
	t.rows = append(t.rows, cells)
}

// Text is a cell without style.
func Text(s string) Cell { return Cell{Text: s} }

const gap = 2 // columns between two fields

// Print writes the table to Out.
func (t *Table) Print(s *Streams) {
	limit := 0
	if s.OutTTY {
		limit = s.Width
	}
	widths := t.fit(limit)
	head := make([]Cell, len(t.header))
	for i, h := range t.header {
		head[i] = Cell{h, Strong}
	}
	t.line(s, head, widths)
	for _, row := range t.rows {
		t.line(s, row, widths)
	}
}

func (t *Table) widths() []int {
	widths := make([]int, len(t.header))
	for i, h := range t.header {
		widths[i] = utf8.RuneCountInString(h)
	}
	for _, row := range t.rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c.Text))
		}
	}
	return widths
}

const (
	least    = 4  // columns that a cut field has
	readable = 12 // below which other columns are left out first
	dropped  = -1 // the width of a column that is left out
)

// fit returns the widths with which all columns fit into limit columns; 0 is no limit.
func (t *Table) fit(limit int) []int {
	widths := t.widths()
	for _, name := range t.drop {
		if _, ok := t.cutTo(slices.Clone(widths), limit, readable); ok {
			break
		}
		widths[slices.Index(t.header, name)] = dropped
	}
	if len(t.drop) > 0 {
		if narrow, ok := t.cutTo(slices.Clone(widths), limit, readable); ok {
			return narrow
		}
	}
	narrow, _ := t.cutTo(widths, limit, least)
	return narrow
}

// cutTo takes from the widest columns until all fit, and reports whether they do.
func (t *Table) cutTo(widths []int, limit, floor int) ([]int, bool) {
	total := -gap
	for _, w := range widths {
		if w != dropped {
			total += w + gap
		}
	}
	for limit > 0 && total > limit {
		widest := -1
		for i, w := range widths {
			if !slices.Contains(t.keep, t.header[i]) && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 || widths[widest] <= floor {
			return widths, false
		}
		widths[widest]--
		total--
	}
	return widths, true
}

func (t *Table) line(s *Streams, row []Cell, widths []int) {
	var b strings.Builder
	for i, c := range row {
		if widths[i] == dropped {
			continue
		}
		text := cut(c.Text, widths[i])
		b.WriteString(string(s.OnOut(c.Style, text)))
		if i < len(row)-1 {
			b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+gap))
		}
	}
	s.Printf("%s\n", Markup(strings.TrimRight(b.String(), " ")))
}

// cut shortens text to width runes, the last an ellipsis where something is missing.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	if width <= 1 {
		return "…"
	}
	runes := []rune(text)
	return string(runes[:width-1]) + "…"
}

// Style is how a piece of text looks where colour is on.
type Style int

// The styles by what they mean, not by how they look.
const (
	Plain  Style = iota
	Good         // green
	Bad          // red
	Warn         // yellow
	Faint        // dim
	Strong       // bold
	Accent       // cyan
)

var codes = map[Style]string{Good: "32", Bad: "31", Warn: "33", Faint: "2", Strong: "1", Accent: "36"}

func paint(style Style, text string) Markup {
	if style == Plain || text == "" {
		return Markup(text)
	}
	return Markup("\x1b[" + codes[style] + "m" + text + "\x1b[0m")
}

// Width returns how many columns text takes on a terminal.
func Width(text Markup) int {
	width, colour := 0, false
	for _, r := range text {
		switch {
		case r == '\x1b' || colour:
			colour = r != 'm'
		default:
			width++
		}
	}
	return width
}

// Padded returns text with blanks behind it up to a width.
func Padded(text Markup, width int) Markup {
	return text + Markup(strings.Repeat(" ", max(0, width-Width(text))))
}

// OnOut returns text as it goes to Out: printable, and in colour only where a person looks on.
func (s *Streams) OnOut(style Style, text string) Markup {
	if !s.Color || !s.OutTTY {
		style = Plain
	}
	return paint(style, Printable(text))
}

// OnErr returns text as it goes to Err.
func (s *Streams) OnErr(style Style, text string) Markup {
	if !s.Color || !s.ErrTTY {
		style = Plain
	}
	return paint(style, Printable(text))
}
