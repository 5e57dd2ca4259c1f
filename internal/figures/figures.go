// Package figures is what tests of cost use: a table of what was measured beside what it
// may be, and what a process took. It holds counts, and ratios within one run, but no
// times, which are the machine's.
package figures

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// Table collects figures. The zero value is an empty one.
type Table struct{ rows strings.Builder }

// AtMost adds a figure, and fails the test where it is more than its bound.
func (f *Table) AtMost(tb testing.TB, what string, measured, bound float64, unit string) {
	tb.Helper()
	verdict := "ok"
	if measured > bound {
		verdict = "OVER"
		tb.Errorf("%s: %.4g %s, more than %.4g", what, measured, unit, bound)
	}
	fmt.Fprintf(&f.rows, "%s\t%.4g %s\t%.4g\t%s\n", what, measured, unit, bound, verdict)
}

// NotCompared adds a figure of which what it is compared with is not there.
func (f *Table) NotCompared(what, peer string) {
	fmt.Fprintf(&f.rows, "%s\tnot compared: no %s\t\t\n", what, peer)
}

// String returns the table.
func (f *Table) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "WHAT\tMEASURED\tAT MOST\t\n%s", f.rows.String())
	_ = table.Flush() // both to a Builder
	return text.String()
}

// Cost is what a process took.
type Cost struct {
	CPU    time.Duration
	Memory int64 // bytes that were resident, at most
	Output string
}

// Run runs a command to its end. What wait4 tells of memory would count its parent's, from
// before it became a process of its own, so the command is watched.
func Run(tb testing.TB, cmd *exec.Cmd) Cost {
	tb.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	var memory int64
	for {
		select {
		case err := <-ended:
			if err != nil {
				tb.Fatalf("%v: %s", err, &said)
			}
			return Cost{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory, said.String()}
		case <-ticker.C:
			memory = max(memory, resident(cmd.Process.Pid))
		}
	}
}

// resident returns the most memory that a process had resident so far; 0 once it ended.
func resident(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	return 0
}
