package cli

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/cli/process"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// A crash is an error: Go's own exit code of one, 2, says that nothing was touched.
func TestACrashEndsInOne(t *testing.T) {
	var talk bytes.Buffer
	f := &frame{Screen: &screen.Screen{Streams: &console.Streams{Out: io.Discard, Err: &talk}}}
	err := f.guarded(func() error { panic("assignment to entry in nil map") })
	if code := f.exitCode(err, nil); code != 1 {
		t.Errorf("exit code %d", code)
	}
	for _, word := range []string{"error: tagboat crashed: assignment to entry in nil map", "in ECS continues", "TestACrashEndsInOne", "hint: "} {
		if !strings.Contains(talk.String(), word) {
			t.Errorf("it does not say %q:\n%s", word, talk.String())
		}
	}
}

// closed is a pipe that nobody reads any more.
type closed struct{}

// Write implements io.Writer.
func (closed) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestExitCodeWhereNobodyReads(t *testing.T) {
	for name, test := range map[string]struct {
		out  io.Writer
		err  error
		want int
	}{
		"read":                        {io.Discard, nil, 0},
		"not read":                    {closed{}, nil, 1},
		"not read, and rolled back":   {closed{}, screen.Shown(tagboat.Errorf(tagboat.RolledBack, "x")), 4},
		"not read, and wrong usage":   {closed{}, screen.Shown(tagboat.Usagef("x")), 2},
		"not read, and another error": {closed{}, screen.Shown(errors.New("x")), 1},
	} {
		t.Run(name, func(t *testing.T) {
			var talk bytes.Buffer
			streams, lost, _ := process.Lasting(&console.Streams{Out: test.out, Err: &talk})
			f := &frame{Screen: &screen.Screen{Streams: streams}}
			f.Printf("line\n")
			if err := f.JSON("document"); err != nil {
				t.Errorf("a verdict would be forgotten because of %v", err)
			}
			if code := f.exitCode(test.err, lost()); code != test.want || talk.Len() > 0 {
				t.Errorf("exit code %d, want %d; it says %q", code, test.want, talk.String())
			}
		})
	}
}

// failing is a writer whose disk is full, or whose reader went away.
type failing struct{ err error }

func (w failing) Write([]byte) (int, error) { return 0, w.err }

// TestWhatCannotBeWritten has no command that prints end well where its data went nowhere.
func TestWhatCannotBeWritten(t *testing.T) {
	sandboxtest.Run(t, sandbox.Config{Clusters: []string{"dev", "prod"}}, func(w *sandboxtest.World) {
		s := &screens{World: w, variables: map[string]string{"TAGBOAT_CACHE": "off"}, columns: 80}
		s.prepare(casetest.Case{Archive: &txtar.Archive{}})
		for _, line := range []string{
			"push shop/api:1.0.0", "push shop/worker:v1", "silent tagboat pin api=1.0.0 worker=v1 --env dev", "silent tagboat deploy --env dev",
		} {
			s.line(line)
		}
		for _, command := range []string{
			"status", "status web", "status -o wide", "pins --env dev", "pins --env dev --brief", "history", "plan --env dev", "explain --env dev web",
			"explain --env dev", "images", "images api", "images api --why", "pin api=1.0.0 --env dev", "hold api --env dev",
			"deploy --env dev", "deploy --env dev --dry-run", "tag api=1.0.0 good", "version", "generate iam-policy", "generate schema", "help", "status --help",
		} {
			for _, format := range []string{"", " -o json"} {
				for _, lost := range []error{syscall.ENOSPC, syscall.EPIPE} {
					args := strings.Fields(command + format)
					var talk bytes.Buffer
					f := &frame{
						Screen:    &screen.Screen{Streams: &console.Streams{In: strings.NewReader(""), Out: failing{lost}, Err: &talk}, Getenv: func(name string) string { return s.variables[name] }},
						transport: sandboxtest.Carrier{Handler: s.Server},
					}
					if code := f.main(s.Context(), args); code != 1 {
						t.Errorf("tagboat %s: exit %d where writing fails: %v\n%s", strings.Join(args, " "), code, lost, talk.String())
					}
				}
			}
		}
	})
}
