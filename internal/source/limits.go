package source

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"time"

	"github.com/goccy/go-yaml/token"

	"github.com/tagboat/tagboat"
)

// What a file may be at most. Task definitions have 64 KB at most on AWS, and templates of
// CloudFormation 1 MB, so nobody comes near these who does not mean to.
const (
	mostBytes  = 4 << 20 // of a file
	mostNodes  = 200_000 // entries, with anchors unfolded
	mostTokens = 100_000 // of YAML, of which the parser's time is the square
	mostNested = 500     // maps and lists in one another
)

// budget is what evaluating Jsonnet may take, which is a language to compute in.
type budget struct {
	time   time.Duration
	memory uint64
}

var errBudget = errors.New("over the limit")

// evaluation is the budget of one file.
func evaluation() budget { return budget{time: 10 * time.Second, memory: 512 << 20} }

// spend runs a computation until it is over or has used up the budget. Nothing can stop it
// then, so that the process should end soon; its error wraps errBudget.
func (b budget) spend(run func() (string, error)) (string, error) {
	type result struct {
		out string
		err error
	}
	over := make(chan result, 1)
	// A stack that is too large would end the process without a word, before its memory
	// is seen here.
	stack := debug.SetMaxStack(math.MaxInt)
	go func() {
		out, err := run()
		over <- result{out, err}
	}()
	before, deadline := inUse(), time.NewTimer(b.time)
	defer deadline.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case r := <-over:
			debug.SetMaxStack(stack)
			return r.out, r.err
		case <-deadline.C:
			return "", fmt.Errorf("it takes longer than %s: %w", b.time, errBudget)
		case <-look.C:
			if now := inUse(); now > before && now-before > b.memory {
				return "", fmt.Errorf("it takes more than %d MiB of memory: %w", b.memory>>20, errBudget)
			}
		}
	}
}

// inUse returns the memory that the process has from the system.
func inUse() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}

// ReadFile reads a regular file that is not too large. Devices and pipes have no end, or
// none soon.
func ReadFile(path string) ([]byte, error) {
	// Opening a pipe waits for who writes to it, so it is looked at before.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if err := regular(info); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(file, mostBytes+1))
	if err == nil && len(data) > mostBytes {
		err = errTooLarge
	}
	return data, err
}

var errTooLarge = fmt.Errorf("it has more than %d MiB, the limit of a file", mostBytes>>20)

func regular(info os.FileInfo) error {
	switch {
	case info.IsDir():
		return errors.New("it is a directory")
	case !info.Mode().IsRegular():
		return errors.New("it is a device or a pipe, not a file")
	case info.Size() > mostBytes:
		return errTooLarge
	}
	return nil
}

// counting counts what a file consists of.
type counting struct{ nodes, depth int }

// enter counts a node; the caller leaves it after what is in it.
func (c *counting) enter(at func() tagboat.Position) error {
	c.nodes++
	c.depth++
	switch {
	case c.nodes > mostNodes:
		return tagboat.Usagef("the file has more than %d entries, anchors unfolded, which is the limit", mostNodes).At(at())
	case c.depth > mostNested:
		return nestedTooDeep(at())
	}
	return nil
}

func (c *counting) leave() { c.depth-- }

func nestedTooDeep(at tagboat.Position) error {
	return tagboat.Usagef("maps and lists are nested more than %d deep here, which is the limit", mostNested).At(at)
}

// mostSigns is how many bytes of YAML may be such as stand between words, in strings too.
// Each can make the lexer keep several hundred bytes.
const mostSigns = 2 * mostTokens

// checkSigns refuses what even finding the tokens of would take too much memory for.
func checkSigns(l *lines) error {
	signs := 0
	for i, b := range l.data {
		if strings.IndexByte(",[]{}:-?&*!|>#%'\"\r\n", b) < 0 {
			continue
		}
		if signs++; signs > mostSigns {
			return tagboat.Usagef("the file has more than %d lines and signs of punctuation, which is the limit for YAML", mostSigns).
				At(l.offset(i)).WithHint("JSON may be larger")
		}
	}
	return nil
}

// checkTokens refuses what the YAML parser would take too long, or too much memory, for.
func checkTokens(l *lines, tokens token.Tokens) error {
	flow, row, line := 0, 0, 0
	for i, t := range tokens {
		if t.Position == nil {
			continue
		}
		if t.Position.Line != line {
			row, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			row++
		}
		switch {
		case i >= mostTokens:
			return tagboat.Usagef("the file has more than %d words and signs, which is the limit for YAML", mostTokens).
				At(l.place(line, t.Position.Column)).WithHint("JSON may be larger")
		case flow+row > mostNested:
			return nestedTooDeep(l.place(line, t.Position.Column))
		}
	}
	return nil
}

// Border is where the files of a configuration may be: in directories, wherever symbolic
// links lead. The zero value has none, and lets every file in.
type Border struct{ dirs []string }

// NewBorder returns the border around the repository that a directory is in, or around the
// directory itself where it is in none, and around more directories.
func NewBorder(dir string, more ...string) (Border, error) {
	b := Border{dirs: []string{repository(dir)}}
	for _, dir := range more {
		target, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return Border{}, err
		}
		b.dirs = append(b.dirs, target)
	}
	return b, nil
}

// repository returns the directory above with .git in it, or dir.
func repository(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if target, err := filepath.EvalSymlinks(dir); err == nil { // else nothing can be in it
		dir = target
	}
	for above := dir; ; above = filepath.Dir(above) {
		if _, err := os.Lstat(filepath.Join(above, ".git")); err == nil {
			return above
		}
		if filepath.Dir(above) == above {
			return dir
		}
	}
}

// errOutside is what is wrapped by the error of a file outside of the border.
var errOutside = errors.New("outside of the configuration's own directories")

// outsideError is the error of a file outside of the border.
type outsideError struct{ path, target, home string }

func (o outsideError) Error() string {
	text := DisplayName(o.path)
	if o.target != o.path {
		text += ", which is " + o.target + ","
	}
	return text + " is outside of " + o.home + ", where the configuration's own files are"
}

func (outsideError) Unwrap() error { return errOutside }

func (o outsideError) hint() string {
	return "move it there, or say in tagboat.yaml that its directory may be read: files: {allow: [" + filepath.Dir(o.target) + "]}"
}

// Check returns an error of kind Usage where a file is outside. One that does not exist is
// judged by its path.
func (b Border) Check(path string) error {
	err := b.check(path)
	var o outsideError
	if errors.As(err, &o) {
		e := tagboat.Usagef("%v", err).WithHint("%s", o.hint())
		e.Err = errOutside
		return e
	}
	return err
}

func (b Border) check(path string) error {
	if len(b.dirs) == 0 {
		return nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks(abs)
	if err != nil {
		target = abs // it cannot be read either
		if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
			target = filepath.Join(dir, filepath.Base(abs))
		}
	}
	for _, dir := range b.dirs {
		if target == dir || strings.HasPrefix(target, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator)) {
			return nil
		}
	}
	return outsideError{path: abs, target: target, home: b.dirs[0]}
}
