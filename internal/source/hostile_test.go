package source_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/source"
)

// large has what would take minutes, or all memory, and the words of the limit that says so.
var large = []struct {
	file    string
	content func() string
	says    string // "" where it is read
}{
	{"flow.yaml", func() string { return strings.Repeat("[", 100_000) }, "nested more than 500 deep"},
	{"maps.yaml", func() string { return strings.Repeat("{a: ", 100_000) }, "nested more than 500 deep"},
	{"dashes.yaml", func() string { return strings.Repeat("- ", 100_000) + "x" }, "nested more than 500 deep"},
	{"keys.yaml", func() string { return strings.Repeat("? ", 100_000) + "x" }, "nested more than 500 deep"},
	{"tags.yaml", func() string { return strings.Repeat("!!str ", 100_000) + "x" }, "nested more than 500 deep"},
	{"anchors.yaml", func() string { return strings.Repeat("&a ", 100_000) + "x" }, "nested more than 500 deep"},
	{"indented.yaml", func() string {
		var b strings.Builder
		for i := range 1000 {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return b.String()
	}, "nested more than 500 deep"},
	{"laughs.yaml", func() string {
		text := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
		for i := range 20 {
			text += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
		}
		return text
	}, "more than 200000 entries, anchors unfolded"},
	{"words.yaml", func() string { return strings.Repeat("a: b\n", 100_000) }, "more than 100000 words and signs"},
	{"huge.yaml", func() string { return "a: " + strings.Repeat("x", 5<<20) }, "more than 4 MiB, the limit of a file"},
	{"huge.json", func() string { return `"` + strings.Repeat("x", 5<<20) + `"` }, "more than 4 MiB, the limit of a file"},
	{"deep.json", func() string { return strings.Repeat("[", 9000) + strings.Repeat("]", 9000) }, "nested more than 500 deep"},
	{"deeper.json", func() string { return strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) }, "exceeded max depth"},
	{"list.json", func() string { return "[" + strings.Repeat("0,", 500_000) + "0]" }, "more than 200000 entries"},
	{"line.json", func() string { // one line, which each place counts the columns of
		text := "{"
		var b strings.Builder
		for i := range 50_000 {
			fmt.Fprintf(&b, `"k%d":[%d],`, i, i)
		}
		return text + b.String() + `"z":{}}`
	}, ""},
	{"commas.yaml", func() string { return "a: [" + strings.Repeat("a,", 1_900_000) + "]" }, "more than 200000 lines and signs"},
	{"anchors-of-4-mib.yaml", func() string { return strings.Repeat("&a ", 1_000_000) + "x" }, "more than 200000 lines and signs"},
	{"lines.yaml", func() string { return strings.Repeat("a\r", 1_000_000) }, "more than 200000 lines and signs"},
	{"name.json", func() string {
		return `{"` + strings.Repeat("k", 1_000_000) + `":[` + strings.Repeat("0,", 10_000) + `0]}`
	}, ""},
	{"names.json", func() string {
		name := `{"` + strings.Repeat("k", 5_000) + `":`
		return strings.Repeat(name, 400) + "[" + strings.Repeat("0,", 100_000) + "0]" + strings.Repeat("}", 400)
	}, ""},
	{"twice.yaml", func() string { return "a: 1\nb: 2\na: 3\n" }, `key "a" already defined`},
	{"twice.json", func() string { return `{"a": 1, "a": 2}` }, `"a" is defined twice`},
	{"nul.yaml", func() string { return "a: \"x\x00y\"\n" }, ""},
	{"number.json", func() string { return `{"a": 1e999999999}` }, ""},
	{"digits.json", func() string { return `{"a": ` + strings.Repeat("9", 1_000_000) + `}` }, ""},
	{"imports-itself.jsonnet", func() string { return "import 'imports-itself.jsonnet'" }, "max stack frames exceeded"},
	{"calls-itself.jsonnet", func() string { return "local f(x) = 1 + f(x + 1); f(0)" }, "max stack frames exceeded"},
	{"imports-a-device.jsonnet", func() string { return "importstr '/dev/zero'" }, "it is a device or a pipe, not a file"},
}

// What a file can make the program do has limits, and the error says which and where.
func TestLargeFilesAreRefusedSoon(t *testing.T) {
	for _, c := range large {
		t.Run(c.file, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), c.file)
			expect.OK(t, os.WriteFile(path, []byte(c.content()), 0o600))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := source.Read(path, source.Border{})
			runtime.ReadMemStats(&after)
			switch {
			case c.says == "" && err != nil:
				t.Errorf("refused: %.300v", err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.file)):
				t.Errorf("the error is %.300v", err)
			case err != nil && tagboat.KindOf(err) != tagboat.Usage:
				t.Errorf("the error is of kind %v", tagboat.KindOf(err))
			}
			if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 500 {
				t.Errorf("reading took %d MiB", got)
			}
		})
	}
}

func TestWhatIsNoFileIsNotRead(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("this system has no pipes in directories")
	}
	for path, says := range map[string]string{pipe: "a device or a pipe", "/dev/zero": "a device or a pipe", dir: "it is a directory"} {
		if _, err := source.Read(path, source.Border{}); err == nil || !strings.Contains(err.Error(), says) || tagboat.KindOf(err) != tagboat.Usage {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// endless are programs that never end, or fill any memory. Each runs in a process of its
// own, since nothing can stop it.
var endless = map[string]string{
	"loops":       "local f(x) = f(x + 1) tailstrict; f(0)",
	"lists":       "std.range(1, 1000000000)",
	"has itself":  "local x = { a: x }; x",
	"parentheses": strings.Repeat("(", 500_000),
	"lists still": "local l(n) = [n] + l(n + 1) tailstrict; l(0)",
}

func TestEndlessJsonnetIsGivenUp(t *testing.T) {
	if program := os.Getenv("ENDLESS"); program != "" {
		_, err := source.Parse("endless.jsonnet", []byte(endless[program]))
		fmt.Fprintf(os.Stdout, "ended with: %v\n", err)
		os.Exit(int(tagboat.KindOf(err)))
	}
	for name := range endless {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run", "^TestEndlessJsonnetIsGivenUp$")
			cmd.Env = append(os.Environ(), "ENDLESS="+name)
			out, _ := cmd.CombinedOutput()
			text := string(out)
			if !strings.Contains(text, "endless.jsonnet") || strings.Contains(text, "goroutine") || !strings.Contains(text, "ended with: ") {
				t.Errorf("it ended with %v: %.500s", cmd.ProcessState, text)
			}
			t.Logf("%.200s", text)
		})
	}
}

func TestABudgetIsSpent(t *testing.T) {
	if out, err := source.Spend(time.Minute, 1<<30, func() (string, error) { return "done", nil }); out != "done" || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	stop := make(chan struct{})
	defer close(stop)
	_, err := source.Spend(time.Millisecond, 1<<30, func() (string, error) { <-stop; return "", nil })
	if err == nil || !strings.Contains(err.Error(), "longer than 1ms") {
		t.Errorf("the error is %v", err)
	}
}

// Files of a configuration stay below its directory, or its repository, wherever links lead.
func TestFilesStayInsideTheBorder(t *testing.T) {
	top := t.TempDir()
	for file, content := range map[string]string{
		"secret.txt": "hunter2", "shared/lib.libsonnet": "{ cpu: '256' }",
		"repo/.git/HEAD": "ref", "repo/lib.libsonnet": "{ cpu: '256' }",
		"repo/app/up.jsonnet":       "import '../lib.libsonnet'",
		"repo/app/out.jsonnet":      "{ a: importstr '../../secret.txt' }",
		"repo/app/absolute.jsonnet": "{ a: importstr '" + filepath.Join(top, "secret.txt") + "' }",
		"repo/app/passwd.jsonnet":   "{ a: importstr '/etc/passwd' }",
		"repo/app/bytes.jsonnet":    "{ a: importbin '../../secret.txt' }",
		"repo/app/linked.jsonnet":   "{ a: importstr 'link.txt' }",
		"repo/app/shared.jsonnet":   "import '../../shared/lib.libsonnet'",
		"repo/app/unused.jsonnet":   "local s = importstr '../../secret.txt'; { a: 1 }",
	} {
		path := filepath.Join(top, file)
		expect.OK(t, errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)))
	}
	app := filepath.Join(top, "repo", "app")
	if err := errors.Join(os.Symlink("../../secret.txt", filepath.Join(app, "link.txt")), os.Symlink("../../secret.txt", filepath.Join(app, "linked.yaml")),
		os.Symlink("up.jsonnet", filepath.Join(app, "inside.jsonnet"))); err != nil {
		t.Skip("this system has no symbolic links")
	}
	border := expect.Value(source.NewBorder(app))(t)
	wide := expect.Value(source.NewBorder(app, filepath.Join(top, "shared")))(t)
	for _, c := range []struct {
		file   string
		border source.Border
		reads  bool
	}{
		{"up.jsonnet", border, true},
		{"inside.jsonnet", border, true},
		{"unused.jsonnet", border, true},
		{"out.jsonnet", border, false},
		{"absolute.jsonnet", border, false},
		{"passwd.jsonnet", border, false},
		{"bytes.jsonnet", border, false},
		{"linked.jsonnet", border, false},
		{"linked.yaml", border, false},
		{"shared.jsonnet", border, false},
		{"shared.jsonnet", wide, true},
		{"out.jsonnet", wide, false},
	} {
		_, err := source.Read(filepath.Join(app, c.file), c.border)
		if c.reads != (err == nil) {
			t.Errorf("%s: %v", c.file, err)
		}
		if err == nil {
			continue
		}
		var e *tagboat.Error
		if !errors.As(err, &e) || !strings.Contains(e.Error(), "is outside of") || !strings.Contains(e.Hint, "files: {allow: [") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", c.file, err)
		}
	}
}

// FuzzBorder: what the border lets in is inside, wherever dots and links lead.
func FuzzBorder(f *testing.F) {
	top := expect.Value(filepath.EvalSymlinks(f.TempDir()))(f)
	inside := filepath.Join(top, "app")
	if err := errors.Join(os.MkdirAll(filepath.Join(inside, "sub"), 0o700), os.MkdirAll(inside+"lication", 0o700),
		os.Symlink("..", filepath.Join(inside, "up")), os.Symlink("/", filepath.Join(inside, "root")), os.Symlink("sub", filepath.Join(inside, "down"))); err != nil {
		f.Skip("this system has no symbolic links")
	}
	border := expect.Value(source.NewBorder(inside))(f)
	for _, path := range []string{"sub", "down", "up", "root/etc/passwd", "../application", "up/app/sub", "sub/../../app", "/etc/passwd", ".", "", "up/none"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		at := path
		if !filepath.IsAbs(at) {
			at = filepath.Join(inside, at)
		}
		target, err := filepath.EvalSymlinks(at)
		if err != nil || border.Check(at) != nil {
			return
		}
		if rel, err := filepath.Rel(inside, target); err != nil || !filepath.IsLocal(rel) {
			t.Errorf("%q leads to %s", path, target)
		}
	})
}
