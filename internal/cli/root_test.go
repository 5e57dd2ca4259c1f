package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/console"
)

// run runs a command that reaches no AWS.
func run(t *testing.T, args ...string) (code int, out, talk string) {
	t.Helper()
	var o, e bytes.Buffer
	f := &frame{Screen: &screen.Screen{Streams: &console.Streams{In: strings.NewReader(""), Out: &o, Err: &e}, Getenv: func(string) string { return "" }}}
	code = f.main(t.Context(), args)
	return code, o.String(), e.String()
}

// TestHelp holds that every command says what it is for, what each of its flags does and
// how it is used, and that two flags of one command have different letters. How commands exit
// is said once.
func TestHelp(t *testing.T) {
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())[1:]
		code, out, talk := run(t, append(path, "--help")...)
		if code != 0 || talk != "" || strings.Contains(out, "Exit codes:") == cmd.HasParent() || cmd.Short == "" {
			t.Errorf("%s --help exits with %d, prints %q and %q", cmd.CommandPath(), code, out, talk)
		}
		if cmd.Runnable() && !strings.Contains(cmd.Example, "  "+cmd.CommandPath()) {
			t.Errorf("%s --help has no example of it: %q", cmd.CommandPath(), cmd.Example)
		}
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			if flag.Usage == "" || !strings.Contains(out, "--"+flag.Name) {
				t.Errorf("%s --help does not describe --%s", cmd.CommandPath(), flag.Name)
			}
		})
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(newRoot(&frame{Screen: &screen.Screen{Streams: &console.Streams{}}}))
}

func TestExitCodesHaveAPage(t *testing.T) {
	for _, args := range [][]string{{"help", "exit-codes"}, {"exit-codes"}} {
		if code, out, talk := run(t, args...); code != 0 || talk != "" || !strings.Contains(out, exitCodes) {
			t.Errorf("%q exits with %d, prints %q and %q", args, code, out, talk)
		}
	}
}

func TestNoCommandIsHelp(t *testing.T) {
	for _, args := range [][]string{nil, {"generate"}} {
		code, out, talk := run(t, args...)
		if code != 0 || talk != "" || !strings.Contains(out, "Usage:") {
			t.Errorf("%q exits with %d, prints %q and %q", args, code, out, talk)
		}
	}
}

func TestVersion(t *testing.T) {
	code, out, _ := run(t, "version", "-o", "json")
	var got buildInfo
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || got != readBuildInfo() || got.Go == "" {
		t.Errorf("exit code %d, %q: %v", code, out, err)
	}
	if code, line, talk := run(t, "--version"); code != 0 || talk != "" || !strings.HasPrefix(line, "tagboat ") || strings.Count(line, "\n") != 1 {
		t.Errorf("--version exits with %d, prints %q and %q", code, line, talk)
	}
	for want, info := range map[string]buildInfo{
		"tagboat v1.2.3 go1.26 linux/arm64\n":                           {Version: "v1.2.3", Go: "go1.26", Platform: "linux/arm64"},
		"tagboat (devel) (0123456789ab) go1.26 linux/arm64\n":           {Version: "(devel)", Revision: "0123456789abcdef", Go: "go1.26", Platform: "linux/arm64"},
		"tagboat (devel) (0123456789ab, modified) go1.26 linux/amd64\n": {Version: "(devel)", Revision: "0123456789abcdef", Modified: true, Go: "go1.26", Platform: "linux/amd64"},
	} {
		var out bytes.Buffer
		if err := runVersion(&frame{Screen: &screen.Screen{Streams: &console.Streams{Out: &out}}}, info); err != nil || out.String() != want {
			t.Errorf("%q, want %q: %v", out.String(), want, err)
		}
	}
}

// TestSchema holds that what editors read is a JSON Schema.
func TestSchema(t *testing.T) {
	code, out, talk := run(t, "generate", "schema")
	var schema map[string]any
	if err := json.Unmarshal([]byte(out), &schema); err != nil || code != 0 || talk != "" || schema["$schema"] == nil || schema["properties"] == nil {
		t.Errorf("exit code %d, %.80q, %q: %v", code, out, talk, err)
	}
}

// TestCalls counts what went out, the most frequent first, and those alike by name.
func TestCalls(t *testing.T) {
	var talk bytes.Buffer
	printCalls(&frame{Screen: &screen.Screen{Streams: &console.Streams{Err: &talk}}}, tagboat.Calls{
		Total: 14, Throttled: 2, Retried: 3, ByOperation: map[string]int{"ssm.GetParameters": 1, "ecs.DescribeServices": 12, "ecs.ListTasks": 1},
		ThrottledByOperation: map[string]int{"ecs.DescribeServices": 2},
	})
	want := "14 calls, 2 throttled, 3 retried\n    12  ecs.DescribeServices (2 throttled)\n     1  ecs.ListTasks\n     1  ssm.GetParameters\n"
	if diff := cmp.Diff(want, talk.String()); diff != "" {
		t.Error(diff)
	}
}
