// Package console is how Tagboat talks to whoever started it: data on standard
// output, talk on standard error, tables that fit the terminal, colour and live
// progress only where a person looks on.
package console

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"

	"golang.org/x/term"
)

// Streams are the three streams of a command. Tests replace them with buffers.
type Streams struct {
	In     io.Reader
	Out    io.Writer // data
	Err    io.Writer // talk
	OutTTY bool      // a person looks at Out
	ErrTTY bool      // a person looks at Err
	Color  bool      // colour may be used on whichever is a terminal
	Width  int       // columns of the terminal; 0 means no limit
	Height int       // lines of the terminal; 0 means no limit
	// Resized returns the columns and lines that the terminal has by now; nil means those
	// of Width and Height, which it had at first.
	Resized func() (width, height int)

	live atomic.Pointer[Live] // what is drawn on Err now
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

// JSON prints v as one indented document.
func (s *Streams) JSON(v any) error {
	encoder := json.NewEncoder(s.Out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// Printf writes data. What cannot be written there cannot be told there either, so
// errors are the operating system's to report (SIGPIPE).
func (s *Streams) Printf(format string, args ...any) { _, _ = fmt.Fprintf(s.Out, format, args...) }

// Talkf writes talk: whole lines, while there is a Live on the terminal.
func (s *Streams) Talkf(format string, args ...any) {
	if l := s.live.Load(); l != nil {
		l.above(fmt.Sprintf(format, args...))
		return
	}
	_, _ = fmt.Fprintf(s.Err, format, args...)
}
