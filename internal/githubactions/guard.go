package githubactions

import "io"

// Guard returns a writer to the log of a step that lets no command of the runner through:
// what others wrote into tags, reasons and log lines stays text. It puts a blank where
// the runner would see one of its two forms of commands, "::" at the beginning of a line
// and "##[" anywhere. Commands that are meant go to log itself.
// https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
func Guard(log io.Writer) io.Writer { return &guard{log: log, leading: true} }

type guard struct {
	log     io.Writer
	leading bool // only blanks were written of this line, and perhaps a colon
	colons  int  // at the end of what leads
	hashes  int  // at the end of what was written
}

// Write writes p as a whole and counts what it was given.
func (g *guard) Write(p []byte) (int, error) {
	safe := make([]byte, 0, len(p))
	for _, b := range p {
		if g.completes(b) {
			safe = append(safe, ' ')
		}
		safe = append(safe, b)
		g.follow(b)
	}
	if _, err := g.log.Write(safe); err != nil {
		return 0, err
	}
	return len(p), nil
}

// completes reports whether the runner would read a command once b is written.
func (g *guard) completes(b byte) bool {
	return b == ':' && g.leading && g.colons == 1 || b == '[' && g.hashes >= 2
}

func (g *guard) follow(b byte) {
	switch {
	case b == '\n' || b == '\r':
		g.leading, g.colons = true, 0
	case b == ':':
		g.leading = g.leading && g.colons == 0
		g.colons++
	case !isBlank(b) || g.colons > 0:
		g.leading = false
	}
	g.hashes++
	if b != '#' {
		g.hashes = 0
	}
}

// isBlank reports whether the runner passes over b at the beginning of a line. All bytes
// of runes beyond ASCII count, since blanks are among them: at worst a blank is written
// that was not needed.
func isBlank(b byte) bool { return b <= ' ' || b >= 0x7f }
