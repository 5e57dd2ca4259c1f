package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// background is the commands of a story that run beside it, by name.
type background map[string]*besides

// backgroundKey is where a story keeps them.
type backgroundKey struct{}

// besides is one command that runs beside the story.
type besides struct {
	cmd  *exec.Cmd
	over chan struct{} // closed when it has ended
	err  error         // what Wait answered; to be read after that
}

// startCommand runs a command in the background until it ends or is stopped. What it
// prints is in NAME.stdout and NAME.stderr: start NAME COMMAND...
func startCommand(ts *testscript.TestScript, _ bool, args []string) {
	binary, err := exec.LookPath(args[1])
	ts.Check(err)
	b := &besides{cmd: exec.Command(binary, args[2:]...), over: make(chan struct{})}
	b.cmd.Dir = ts.MkAbs(".")
	b.cmd.Env = processEnv(ts)
	out, err := os.Create(ts.MkAbs(args[0] + ".stdout"))
	ts.Check(err)
	talk, err := os.Create(ts.MkAbs(args[0] + ".stderr"))
	ts.Check(err)
	b.cmd.Stdout, b.cmd.Stderr = out, talk
	ts.Check(b.cmd.Start())
	go func() {
		defer close(b.over)
		b.err = errors.Join(b.cmd.Wait(), out.Close(), talk.Close())
	}()
	ts.Defer(func() {
		_ = b.cmd.Process.Kill()
		<-b.over
	})
	ts.Value(backgroundKey{}).(background)[args[0]] = b
}

// started returns what start began.
func started(ts *testscript.TestScript, name string) *besides {
	b, ok := ts.Value(backgroundKey{}).(background)[name]
	if !ok {
		ts.Fatalf("nothing was started by the name %s", name)
	}
	return b
}

// killCommand kills what start began, as kill -9 does, once the sandbox has counted an
// operation N times: killed NAME OPERATION N.
func killCommand(ts *testscript.TestScript, _ bool, args []string) {
	awaitCalls(ts, false, args[1:])
	ts.Check(started(ts, args[0]).cmd.Process.Kill())
}

// interruptCommand is Ctrl-C: interrupt NAME.
func interruptCommand(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(started(ts, args[0]).cmd.Process.Signal(syscall.SIGINT))
}

// awaitEnd waits until what start began has ended, and compares its exit code. What it
// has printed is in NAME.stdout and NAME.stderr: ended NAME CODE [WITHIN]. CODE is -1 where
// a signal ended it.
func awaitEnd(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: ended NAME CODE [WITHIN]")
	}
	wanted, err := strconv.Atoi(args[1])
	ts.Check(err)
	limit := 2 * time.Minute
	if len(args) > 2 {
		limit, err = time.ParseDuration(args[2])
		ts.Check(err)
	}
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	b := started(ts, args[0])
	select {
	case <-b.over:
		if got := b.cmd.ProcessState.ExitCode(); got != wanted {
			ts.Fatalf("%s ended with %d (%v), wanted %d\nstdout:\n%s\nstderr:\n%s", args[0], got, b.err, wanted,
				ts.ReadFile(args[0]+".stdout"), ts.ReadFile(args[0]+".stderr"))
		}
	case <-timeout.C:
		ts.Fatalf("%s did not end within %s", args[0], limit)
	}
}

// awaitCalls waits until the sandbox has answered an operation so often: await OPERATION N.
func awaitCalls(ts *testscript.TestScript, _ bool, args []string) {
	wanted, err := strconv.Atoi(args[1])
	ts.Check(err)
	await(ts, func() bool {
		var got counted
		ts.Check(json.Unmarshal(sandboxRequest(ts, http.MethodGet, ts.Getenv("AWS_ENDPOINT_URL")+"/_sandbox/calls", ""), &got))
		return got.ByOperation[args[0]].Calls >= wanted
	})
}

// awaitLine waits until what start began has printed a line so often: says NAME REGEXP [N].
func awaitLine(ts *testscript.TestScript, _ bool, args []string) {
	line, wanted := regexp.MustCompile("(?m)"+args[1]), 1
	if len(args) > 2 {
		var err error
		wanted, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	b := started(ts, args[0])
	await(ts, func() bool {
		said := ts.ReadFile(args[0]+".stdout") + ts.ReadFile(args[0]+".stderr")
		if len(line.FindAllString(said, -1)) >= wanted {
			return true
		}
		select {
		case <-b.over:
			ts.Fatalf("%s has ended and never said that:\n%s", args[0], said)
		default:
		}
		return false
	})
}

// awaitHits waits until the faults that are in force have hit so many calls, which may not
// be answered yet: struck N.
func awaitHits(ts *testscript.TestScript, _ bool, args []string) {
	wanted, err := strconv.Atoi(args[0])
	ts.Check(err)
	await(ts, func() bool {
		var got struct{ Faults []struct{ Hits int } }
		ts.Check(json.Unmarshal(sandboxRequest(ts, http.MethodGet, ts.Getenv("AWS_ENDPOINT_URL")+"/_sandbox/faults", ""), &got))
		hits := 0
		for _, f := range got.Faults {
			hits += f.Hits
		}
		return hits >= wanted
	})
}

// patience is how long a story waits for what has to come; a busy machine takes its time.
const patience = 90 * time.Second

// await asks again and again, with longer and longer pauses, so that who is waited for gets on.
func await(ts *testscript.TestScript, done func() bool) {
	pause := 2 * time.Millisecond
	for began := time.Now(); time.Since(began) < patience; pause = min(pause*5/4, 20*time.Millisecond) {
		<-time.After(pause)
		if done() {
			return
		}
	}
	ts.Fatalf("it did not come to that")
}
