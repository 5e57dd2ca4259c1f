package console

import (
	"strings"
	"unicode/utf8"
)

// Cell is one field of a table.
type Cell struct {
	Text  string
	Style Style
}

// Table gathers rows and prints them in columns that fit the terminal: where they do
// not, the widest columns are cut, with an ellipsis.
type Table struct {
	header []string
	rows   [][]Cell
}

// NewTable returns a table with a header.
func NewTable(header ...string) *Table { return &Table{header: header} }

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
	widths := fit(t.widths(), limit)
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

// fit takes from the widest columns until all fit into limit columns; 0 is no limit.
func fit(widths []int, limit int) []int {
	total := gap * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for limit > 0 && total > limit {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= 4 {
			break
		}
		widths[widest]--
		total--
	}
	return widths
}

func (t *Table) line(s *Streams, row []Cell, widths []int) {
	var b strings.Builder
	for i, c := range row {
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
