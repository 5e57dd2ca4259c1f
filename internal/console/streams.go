// Package console is how Tagboat talks to its user: data on standard
// output, talk on standard error, tables that fit the terminal, colour and live
// progress only where a person looks on.
package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf16"

	"golang.org/x/term"

	"github.com/tagboat/tagboat"
)

// Streams are the three streams of a command. Tests replace them with buffers.
type Streams struct {
	In     io.Reader
	Out    io.Writer // data
	Err    io.Writer // talk
	InTTY  bool      // a person can answer
	OutTTY bool      // a person looks at Out
	ErrTTY bool      // a person looks at Err
	Color  bool      // colour may be used on whichever is a terminal
	Width  int       // columns of the terminal; 0 means no limit
	Height int       // lines of the terminal; 0 means no limit
	// Resized returns the columns and lines that the terminal has by now; nil means those
	// of Width and Height, which it had at first.
	Resized func() (width, height int)

	live    atomic.Pointer[Live] // what is drawn on Err now
	working atomic.Pointer[working]
}

// Through returns the same streams with both writers behind a filter.
func (s *Streams) Through(filter func(io.Writer) io.Writer) *Streams {
	return &Streams{
		In: s.In, Out: filter(s.Out), Err: filter(s.Err), InTTY: s.InTTY, OutTTY: s.OutTTY, ErrTTY: s.ErrTTY, Color: s.Color,
		Width: s.Width, Height: s.Height, Resized: s.Resized,
	}
}

// Columns returns how wide a line of data may be; 0 is no limit.
func (s *Streams) Columns() int {
	if s.OutTTY {
		return s.Width
	}
	return 0
}

// size returns the columns and lines of the terminal.
func (s *Streams) size() (width, height int) {
	if s.Resized != nil {
		return s.Resized()
	}
	return s.Width, s.Height
}

// System returns the streams of the process. NO_COLOR is obeyed
// (https://no-color.org), and so are TERM=dumb and COLUMNS.
func System() *Streams {
	s := &Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	s.InTTY = term.IsTerminal(int(os.Stdin.Fd()))
	s.OutTTY = term.IsTerminal(int(os.Stdout.Fd()))
	s.ErrTTY = term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb"
	s.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	s.Resized = terminal
	s.Width, s.Height = terminal()
	return s
}

// terminal returns the size of the terminal, as COLUMNS and LINES say or as it says
// itself; 0 where neither does.
func terminal() (width, height int) {
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			width, height = w, h
			break
		}
	}
	return number("COLUMNS", width), number("LINES", height)
}

func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// JSON prints v as one indented document. Runes that do not print are escaped in it, and
// so is what the log of a CI system could take for a command.
func (s *Streams) JSON(v any) error {
	var document bytes.Buffer
	encoder := json.NewEncoder(&document)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	s.settle()
	if _, err := io.WriteString(s.Out, escapedJSON(document.String())); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// escapedJSON returns a document that means the same. What it escapes can only stand
// within strings.
func escapedJSON(document string) string {
	var b strings.Builder
	for _, r := range document {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	return strings.ReplaceAll(b.String(), "##[", `##\u005b`)
}

// Printf writes data. The format is ours; all text in the arguments becomes printable,
// Markup excepted. What cannot be written there cannot be told there either, so errors
// are the operating system's to report (SIGPIPE).
func (s *Streams) Printf(format string, args ...any) {
	s.settle()
	_, _ = io.WriteString(s.Out, sprintf(format, args))
}

// Talkf writes talk, as Printf does data: whole lines, while there is a Live on the
// terminal.
func (s *Streams) Talkf(format string, args ...any) {
	s.settle()
	if l := s.live.Load(); l != nil {
		l.above(sprintf(format, args))
		return
	}
	_, _ = io.WriteString(s.Err, sprintf(format, args))
}

func sprintf(format string, args []any) string {
	return fmt.Sprintf(format, printables(args)...)
}

// Error tells of err: what happened, the line of the user's file where there is one
// with a mark under the column, and what to do. An error that joins several is told
// one by one.
func (s *Streams) Error(err error) {
	for _, e := range Each(err) {
		s.one(e)
	}
}

// Each returns the errors that err joins, or err alone.
func Each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, Each(e)...)
		}
		return all
	}
	return []error{err}
}

// Warning tells of err as Error does, but as of something that stops nothing.
func (s *Streams) Warning(err error) { s.tell(s.OnErr(Warn, "warning:"), err) }

func (s *Streams) one(err error) { s.tell(s.OnErr(Bad, "error:"), err) }

func (s *Streams) tell(kind Markup, err error) {
	s.Talkf("%s %s\n", kind, err)
	var e *tagboat.Error
	if !errors.As(err, &e) {
		return
	}
	if e.Where != nil && e.Where.Text != "" {
		s.place(*e.Where)
	}
	if e.Hint != "" {
		s.Talkf("%s %s\n", s.OnErr(Accent, "hint:"), e.Hint)
	}
}

// place shows the line with a caret under its column; tabs stay tabs so that the two
// lines up.
func (s *Streams) place(p tagboat.Position) {
	s.Talkf("  | %s\n", Lines(strings.ReplaceAll(p.Text, "\n", " ")))
	if p.Column < 1 {
		return
	}
	runes := []rune(p.Text)
	lead := runes[:min(p.Column-1, len(runes))]
	blank := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, string(lead))
	s.Talkf("  | %s%s\n", Lines(blank), s.OnErr(Bad, "^"))
}
