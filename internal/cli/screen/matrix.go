package screen

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/words"
)

// matrix is status as a table of services by environments. It is laid out for a width; where
// the environments do not all fit side by side there are several blocks of them, and a stage
// stays in one block where it can.
type matrix struct {
	paint        func(console.Style, string) console.Markup
	width        int  // columns of the terminal; 0 is no limit
	wide         bool // each container by itself, not the main one alone
	environments []config.Environment
	document     tagboat.StatusDocument
}

// The marks of cells.
const (
	markFailed  = "✗"
	markRolling = "~"
	markDrift   = "≠"
	markSick    = "!"
	markHeld    = "H"
)

// legend says what the marks mean, in the order in which they stand in a cell.
var legend = []struct{ mark, means string }{
	{markBehind, "releases behind the stage before"}, {markChanged, "pins differ from the release"}, {markWaits, "a release waits"}, {markFailed, "failed"}, {markRolling, "rolling"}, {markDrift, "not as it should be"}, {markSick, "tasks missing or unhealthy"}, {markHeld, "held"},
}

// field is what a cell shows.
type field struct {
	version, marks, age string
	style               console.Style
}

// column is an environment, laid out.
type column struct {
	name                string
	stage               tagboat.StageName
	fields              map[string]field // by the name of the row
	version, marks, age int              // widths
}

func (c column) width() int {
	return max(utf8.RuneCountInString(c.name), c.version+part(c.marks)+part(c.age))
}

// part is the width of a part of a field with the blank before it; nothing takes none.
func part(width int) int {
	if width == 0 {
		return 0
	}
	return width + 1
}

// lines returns the matrix, and below it what needs a person.
func (m matrix) lines() []console.Markup {
	rows := m.rows()
	var lines []console.Markup
	first := utf8.RuneCountInString("SERVICE")
	for _, row := range rows {
		first = max(first, utf8.RuneCountInString(row))
	}
	for i, block := range m.blocks(m.columns(), first) {
		if len(rows) == 0 {
			break
		}
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, m.block(rows, block, first)...)
	}
	return append(append(lines, m.sum()...), m.notes()...)
}

// rows returns the names of the rows: services, and with wide their other containers below them.
func (m matrix) rows() []string {
	var services []string
	others := map[string][]string{}
	for _, s := range m.document.Services {
		name := string(s.Service)
		if !slices.Contains(services, name) {
			services = append(services, name)
		}
		for _, i := range s.Images {
			if row := sideRow(i); m.wide && i.Container != s.MainContainer && !slices.Contains(others[name], row) {
				others[name] = append(others[name], row)
			}
		}
	}
	var rows []string
	if m.releases() {
		rows = append(rows, releaseRow)
	}
	for _, name := range services {
		rows = append(append(rows, name), others[name]...)
	}
	return rows
}

func sideRow(i tagboat.ImageState) string { return "  " + string(i.Container) }

func (m matrix) columns() []column {
	columns := make([]column, len(m.environments))
	for i, env := range m.environments {
		columns[i] = column{name: string(env.Name), stage: env.Stage, fields: map[string]field{}}
		c := &columns[i]
		if e, ok := m.release(env.Name); ok && m.releases() {
			c.add(releaseRow, releaseField(e))
		}
		for _, s := range m.document.Services {
			if s.Environment != env.Name {
				continue
			}
			c.add(string(s.Service), fieldOf(s, s.Main()))
			for _, image := range s.Images {
				if m.wide && image.Container != s.MainContainer {
					f := fieldOf(s, image)
					f.marks, f.age = otherMark(image), ""
					c.add(string(s.Service)+sideRow(image), f)
				}
			}
		}
		if len(c.fields) == 0 {
			c.version = len(words.Unknown)
		}
	}
	return columns
}

func (c *column) add(row string, f field) {
	c.fields[row] = f
	c.version = max(c.version, utf8.RuneCountInString(f.version))
	c.marks = max(c.marks, utf8.RuneCountInString(f.marks))
	c.age = max(c.age, len(f.age))
}

func otherMark(i tagboat.ImageState) string {
	if i.Running != "" && i.Running != i.Pinned {
		return markDrift
	}
	return ""
}

// fieldOf returns what a cell shows of a service: the version that one of its containers runs,
// what is to be said of it, and how long ago it was deployed.
func fieldOf(s tagboat.ServiceStatus, image tagboat.ImageState) field {
	switch s.State {
	case "":
		return pastField(s, image)
	case "missing":
		if image.Pinned == "" {
			return field{version: "-", style: console.Faint, marks: heldMark(s)}
		}
		return field{version: s.State, style: console.Bad, marks: heldMark(s)}
	case "inactive", "draining", "stopped":
		return field{version: s.State, style: console.Bad, marks: heldMark(s), age: words.AgeOf(s)}
	}
	f := field{version: words.Short(image.RunningTag, image.Running), age: words.AgeOf(s)}
	if image.Deploying != "" {
		f.version = words.Short(image.DeployingTag, image.Deploying)
	}
	for _, mark := range []struct {
		is    bool
		mark  string
		style console.Style
	}{
		{s.State == "failed", markFailed, console.Bad},
		{s.State == "in-progress", markRolling, console.Accent},
		{words.Drifts(s), markDrift, console.Warn},
		{s.Healthy < s.Desired && s.State != "in-progress", markSick, console.Bad},
	} {
		if mark.is {
			f.marks += mark.mark
			if f.style == console.Plain {
				f.style = mark.style
			}
		}
	}
	f.marks += heldMark(s)
	return f
}

func heldMark(s tagboat.ServiceStatus) string {
	if s.Hold == nil {
		return ""
	}
	return markHeld
}

const (
	between      = " │ " // two stages
	betweenWidth = 3
)

// blocks returns columns as they stand side by side: a stage that fits into a block is not
// split.
func (m matrix) blocks(columns []column, first int) [][]column {
	var blocks [][]column
	used := 0
	begin := func() { blocks, used = append(blocks, nil), first }
	over := func(more int) bool { return m.width > 0 && used+more > m.width }
	for len(columns) > 0 {
		n, whole := 1, columns[0].width()
		for n < len(columns) && columns[n].stage == columns[0].stage {
			whole += len("  ") + columns[n].width()
			n++
		}
		alone := m.width == 0 || first+len("  ")+whole <= m.width
		if len(blocks) == 0 || alone && over(betweenWidth+whole) {
			begin()
		}
		for i, c := range columns[:n] {
			wants := c.width() + len("  ")
			if last := blocks[len(blocks)-1]; i == 0 && len(last) > 0 {
				wants = c.width() + betweenWidth
			}
			if len(blocks[len(blocks)-1]) > 0 && over(wants) {
				begin()
			}
			blocks[len(blocks)-1] = append(blocks[len(blocks)-1], c)
			used += wants
		}
		columns = columns[n:]
	}
	return blocks
}

// block lays columns out side by side.
func (m matrix) block(rows []string, columns []column, first int) []console.Markup {
	lines := []console.Markup{m.line(m.paint(console.Strong, "SERVICE"), columns, first, func(c column) console.Markup { return m.paint(console.Strong, c.name) })}
	service := ""
	for _, row := range rows {
		key, style := row, console.Strong
		if strings.HasPrefix(row, " ") {
			key, style = service+row, console.Faint
		} else {
			service = row
		}
		lines = append(lines, m.line(m.paint(style, row), columns, first, func(c column) console.Markup { return m.cell(c, key) }))
	}
	return lines
}

// line is a row of a block.
func (m matrix) line(name console.Markup, columns []column, first int, text func(column) console.Markup) console.Markup {
	line := console.Padded(name, first)
	for i, c := range columns {
		gap := m.paint(console.Plain, "  ")
		if i > 0 && c.stage != columns[i-1].stage {
			gap = m.paint(console.Faint, between)
		}
		line += gap + text(c)
		if i < len(columns)-1 {
			first += console.Width(gap) + c.width()
			line = console.Padded(line, first)
		}
	}
	return line
}

// cell returns a field with its parts under each other: the version, its marks, and its age at
// the right.
func (m matrix) cell(c column, row string) console.Markup {
	f, ok := c.fields[row]
	if !ok && len(c.fields) == 0 {
		return m.paint(console.Bad, words.Unknown)
	}
	text := m.paint(f.style, f.version)
	if f.marks != "" {
		text = console.Padded(text, c.version+1) + m.paint(f.style, f.marks)
	}
	if f.age != "" {
		text = console.Padded(text, c.version+part(c.marks)+1+c.age-len(f.age)) + m.paint(console.Faint, f.age)
	}
	return text
}

// sum says how many services are as they should be, and what the marks mean that were used.
func (m matrix) sum() []console.Markup {
	used, well, total := "", 0, len(m.document.Services)
	for _, e := range m.document.Environments {
		used += releaseField(e).marks
	}
	for _, s := range m.document.Services {
		used += fieldOf(s, s.Main()).marks
		if s.State == "steady" && len(s.Drift) == 0 && s.Healthy >= s.Desired {
			well++
		}
	}
	if total == 0 {
		return nil
	}
	if at := m.document.AsOf; at != nil {
		return append([]console.Markup{""}, m.wrapped("", "", "as of "+words.Moment(at)+" · a cell: the version that the last deployment brought, or else what was pinned, and its age then; how many tasks were up, holds and drift are not remembered")...)
	}
	text := fmt.Sprintf("%d of %d run what is pinned", well, total)
	if well == total {
		text = fmt.Sprintf("all %d run what is pinned", total)
	}
	lines := append([]console.Markup{""}, m.wrapped("", "", text+" · a cell: its version, and the time since its deployment")...)
	var marks []string
	for _, l := range legend {
		if strings.Contains(used, l.mark) {
			marks = append(marks, l.mark+" "+l.means)
		}
	}
	if len(marks) > 0 {
		lines = append(lines, m.paint(console.Faint, strings.Join(marks, " · ")))
	}
	return lines
}

// wrapped returns text in lines that fit, the first behind lead and the others below it.
func (m matrix) wrapped(lead, indent console.Markup, text string) []console.Markup {
	return wrapped(m.width, m.paint, lead, indent, text)
}

// wrapped returns text in lines that fit a width, 0 for no limit.
func wrapped(width int, paint func(console.Style, string) console.Markup, lead, indent console.Markup, text string) []console.Markup {
	var lines []console.Markup
	line, room := "", width-console.Width(lead)
	for _, word := range strings.Fields(text) {
		if width > 0 && line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room {
			lines = append(lines, lead+paint(console.Plain, line))
			line, lead, room = "", indent, width-len(indent)
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, lead+paint(console.Plain, line))
}
