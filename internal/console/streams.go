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
}

// System returns the streams of the process. NO_COLOR is obeyed
// (https://no-color.org), and so are TERM=dumb and COLUMNS.
func System() *Streams {
	s := &Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	s.OutTTY = term.IsTerminal(int(os.Stdout.Fd()))
	s.ErrTTY = term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb"
	s.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	s.Width = width()
	return s
}

func width() int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return 0
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

// Talkf writes talk.
func (s *Streams) Talkf(format string, args ...any) { _, _ = fmt.Fprintf(s.Err, format, args...) }
