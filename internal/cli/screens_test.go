package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/cli/process"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// TestScreens holds what commands print to a terminal of 80 columns, how they exit and what
// they call, in each file of testdata/screens. A case has a script, and files that stand
// beside those of testdata/shop or replace them. A line of the script is one of
//
//	tagboat ARGUMENT...              a command; quotes as in '--message=two words'
//	push IMAGE:TAG [LABEL=VALUE...]  pushes an image; docs/sandbox.md has the labels
//	put NAME VALUE                   writes a parameter as somebody else would
//	revert NAME                      writes again what a parameter held before
//	fault JSON                       orders a fault
//	later DURATION                   lets time pass
//	whole DURATION                   lets it pass until the clock is at a multiple, however long the commands before took
//	meanwhile DURATION CALL JSON     makes a call to AWS so long after the next command begins
//	answered ANSWER ARGUMENT...      is tagboat where a person can be asked, and says that
//	interrupted DURATION ARGUMENT... is tagboat where somebody interrupts it after so long
//	layout DIR VERSION               writes an OCI layout of an image
//	cd DIR                           goes to a directory, which is made where it is not there
//	rename FILE NAME                 renames a file
//	show FILE                        adds a file to what is printed
//	env NAME=VALUE                   sets a variable for the commands that follow
//	columns N                        is how wide the terminal is from now on
//	silent tagboat ARGUMENT...       is tagboat without its screen, which must exit with 0
//
// The file want has each command, what it prints to standard output, and to standard error
// behind a "! ", and below that its exit code and the calls that change something.
func TestScreens(t *testing.T) {
	casetest.Archives(t, "testdata/screens", func(t *testing.T, c casetest.Case) (screen string) {
		sandboxtest.Run(t, sandbox.Config{Clusters: []string{"dev", "prod"}}, func(w *sandboxtest.World) {
			s := &screens{World: w, variables: map[string]string{"TAGBOAT_CACHE": "off"}, columns: 80}
			s.prepare(c)
			for _, line := range c.Lines("script") {
				s.line(line)
			}
			screen = s.out.String()
		})
		return screen
	})
}

// screens plays the script of one case.
type screens struct {
	*sandboxtest.World
	variables map[string]string
	answer    string // of the person at the terminal; "" where nobody is there
	out       strings.Builder
	columns   int
}

func (s *screens) prepare(c casetest.Case) {
	s.Helper()
	if err := os.CopyFS(s.Dir, os.DirFS("testdata/shop")); err != nil {
		s.Fatal(err)
	}
	for _, f := range c.Files {
		if f.Name != "script" && f.Name != "want" {
			s.Write(f.Name, string(f.Data))
		}
	}
	s.Chdir(s.Dir)
	s.AWS("logs.CreateLogGroup", map[string]any{"logGroupName": "/shop"})
}

// quotedWords are in single quotes, or have no blanks.
var quotedWords = regexp.MustCompile(`(?:'[^']*'|[^' ])+`)

func (s *screens) line(line string) {
	s.Helper()
	verb, rest, _ := strings.Cut(line, " ")
	args := quotedWords.FindAllString(rest, -1)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "'", "")
	}
	switch verb {
	case "tagboat":
		fmt.Fprintf(&s.out, "$ %s\n%s\n", line, s.command(s.Context(), args))
	case "answered":
		s.answer = args[0] + "\n"
		fmt.Fprintf(&s.out, "$ tagboat %s\n%s\n", strings.Join(args[1:], " "), s.command(s.Context(), args[1:]))
		s.answer = ""
	case "silent":
		if screen := s.command(s.Context(), args[1:]); !strings.Contains(screen, "(exit 0, ") {
			s.Fatalf("%s:\n%s", line, screen)
		}
	case "columns":
		if _, err := fmt.Sscan(rest, &s.columns); err != nil {
			s.Fatal(err)
		}
	case "interrupted":
		ctx, cancel := context.WithTimeout(s.Context(), s.duration(args[0]))
		defer cancel()
		fmt.Fprintf(&s.out, "$ tagboat %s\n%s\n", strings.Join(args[1:], " "), s.command(ctx, args[1:]))
	case "meanwhile":
		s.meanwhile(s.duration(args[0]), args[1], strings.Join(args[2:], " "))
	case "revert":
		s.revert(args[0])
	case "push":
		s.Push(args[0], args[1:]...)
	case "put":
		s.AWS("ssm.PutParameter", map[string]any{"Name": args[0], "Value": args[1], "Type": "String", "Overwrite": true})
	case "fault":
		s.Control(http.MethodPost, "faults", rest)
	case "later":
		s.Later(s.duration(rest))
	case "whole":
		every := s.duration(rest)
		s.Later(time.Until(time.Now().Truncate(every).Add(every)))
	case "layout":
		s.layout(args[0], args[1])
	case "cd":
		if err := os.MkdirAll(rest, 0o700); err != nil {
			s.Fatal(err)
		}
		s.Chdir(rest)
	case "rename":
		if err := os.Rename(args[0], args[1]); err != nil {
			s.Fatal(err)
		}
	case "show":
		text, err := os.ReadFile(args[0])
		if err != nil {
			s.Fatal(err)
		}
		fmt.Fprintf(&s.out, "%s:\n%s", args[0], s.steady(string(text)))
	case "env":
		name, value, _ := strings.Cut(rest, "=")
		s.variables[name] = value
	default:
		s.Fatalf("%q is no line of a script", line)
	}
}

func (s *screens) duration(text string) time.Duration {
	s.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		s.Fatal(err)
	}
	return d
}

func (s *screens) meanwhile(after time.Duration, call, input string) {
	s.Helper()
	var decoded map[string]any
	if err := json.Unmarshal([]byte(input), &decoded); err != nil {
		s.Fatal(err)
	}
	go func() {
		s.Later(after)
		s.AWS(call, decoded)
	}()
}

func (s *screens) revert(name string) {
	s.Helper()
	versions, _ := s.AWS("ssm.GetParameterHistory", map[string]any{"Name": name})["Parameters"].([]any)
	before, _ := versions[len(versions)-2].(map[string]any)
	s.AWS("ssm.PutParameter", map[string]any{"Name": name, "Value": before["Value"], "Type": "String", "Overwrite": true})
}

func (s *screens) layout(dir, version string) {
	s.Helper()
	image, err := mutate.Config(empty.Image, v1.Config{Labels: map[string]string{"version": version}})
	if err != nil {
		s.Fatal(err)
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		s.Fatal(err)
	}
	if err := path.AppendImage(image); err != nil {
		s.Fatal(err)
	}
}

func (s *screens) command(ctx context.Context, args []string) string {
	var out, talk bytes.Buffer
	f := &frame{
		Screen:    &screen.Screen{Streams: &console.Streams{In: strings.NewReader(s.answer), Out: &out, Err: &talk, OutTTY: true, Width: s.columns}, Getenv: func(name string) string { return s.variables[name] }},
		transport: sandboxtest.Carrier{Handler: s.Server},
	}
	f.InTTY, f.ErrTTY = s.answer != "", s.answer != ""
	before := s.counts()
	code := f.main(process.WithTerminal(ctx, ctx), args) // as Listen has it
	var shown strings.Builder
	shown.WriteString(out.String())
	for line := range strings.Lines(talk.String()) {
		fmt.Fprintf(&shown, "! %s", line)
	}
	fmt.Fprintf(&shown, "(exit %d, %s)\n", code, changes(before, s.counts()))
	return s.steady(shown.String())
}

// counts returns how often each operation was called.
func (s *screens) counts() map[string]int {
	s.Helper()
	var counted struct {
		ByOperation map[string]struct{ Calls int }
	}
	if err := json.Unmarshal(s.Control(http.MethodGet, "calls", "").Body.Bytes(), &counted); err != nil {
		s.Fatal(err)
	}
	counts := map[string]int{}
	for operation, n := range counted.ByOperation {
		counts[operation] = n.Calls
	}
	return counts
}

// reading begins the names of operations that change nothing.
var reading = regexp.MustCompile(`(?i)\.(Get|List|Describe|Batch(Get|Check)|Filter|Head|Assume)`)

// changes says which operations that change something were called between two counts.
func changes(before, after map[string]int) string {
	var changed []string
	calls := 0
	for operation, n := range after {
		calls += n - before[operation]
		if n > before[operation] && !reading.MatchString(operation) {
			changed = append(changed, operation)
		}
	}
	slices.Sort(changed)
	switch {
	case calls == 0:
		return "no calls"
	case changed == nil:
		return "only read"
	default:
		return strings.Join(changed, " ")
	}
}

// unsteady are the parts of a screen that differ from run to run, or with how often ECS is
// asked, and what stands for them.
var unsteady = []struct {
	part  *regexp.Regexp
	stead string
}{
	{regexp.MustCompile(`(?m)^! \S+  rolling.*\n`), ""},
	{regexp.MustCompile(`"calls": \{(?s:.*?)\n  \}`), `"calls": {…}`},
	{regexp.MustCompile(`"(startedAt|endedAt)": "[^"]*"`), `"$1": "TIME"`},
	{regexp.MustCompile(`\b\d+m[\d.]+s\b|\b\d+\.\d+s\b`), "TIME"},
	{regexp.MustCompile(`\bin \d+ tasks\b`), "in N tasks"},
	{regexp.MustCompile(`(?m)^(\S+ \d\d:\d\d:\d\d\.\d{3}Z \S+ \S+) [0-9a-f]{8}  `), "$1 TASK  "},
	{regexp.MustCompile(`\[::\]:\d+`), "[::]:PORT"},
	{regexp.MustCompile(`\becs-svc/\d+|\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[A-Z2-7]{26}\b`), "ID"},
}

// steady returns a screen as it is on every machine and in every run.
func (s *screens) steady(screen string) string {
	screen = strings.ReplaceAll(screen, s.Dir, "DIR")
	for _, u := range unsteady {
		screen = u.part.ReplaceAllString(screen, u.stead)
	}
	return screen
}
