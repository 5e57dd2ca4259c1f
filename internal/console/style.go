package console

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
