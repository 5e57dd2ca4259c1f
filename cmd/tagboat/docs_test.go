package main_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
)

// block is a fenced one of a page, and where it begins.
type block struct {
	language string // as it stands behind the fence
	text     string
	line     int
}

var fence = regexp.MustCompile("(?ms)^( *)```([^\n]*)\n(.*?)^ *```$")

func blocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	for _, at := range fence.FindAllSubmatchIndex(text, -1) {
		indent := string(text[at[2]:at[3]])
		body := strings.ReplaceAll("\n"+string(text[at[6]:at[7]]), "\n"+indent, "\n")[1:]
		all = append(all, block{string(text[at[4]:at[5]]), body, 1 + strings.Count(string(text[:at[0]]), "\n")})
	}
	return all
}

// pages are what is documented; the sandbox's page and the one of conformance have tests of
// their own.
func pages(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append(all, "../../README.md")
}

// TestPagesThatRun pastes every block ```sh of a page into a shell, from top to bottom, in an
// empty directory with a bare HOME: README.md as it is, and the others where setup.sh has
// made a shop. A block ```text behind one is what it prints, to the letter but for …, which
// stands for anything within a line, and alone in a line for any lines. What needs AWS, docker or make is ```bash.
// What a page needs besides, such as the trouble that it describes, is in testdata/docs/PAGE.sh. The
// variable TAGBOAT_AWS names a command line of AWS to use instead of the test's.
func TestPagesThatRun(t *testing.T) {
	if expect.Race {
		t.Skip("make test pastes the pages; of races the stories tell, which run the same commands")
	}
	for _, page := range pages(t) {
		all := blocks(t, page)
		var run []block
		for i, b := range all {
			if b.language == "sh" {
				run = append(run, b)
				if i+1 < len(all) && all[i+1].language == "text" {
					run = append(run, all[i+1])
				}
			}
		}
		if len(run) == 0 {
			continue
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			paste(t, page, run)
		})
	}
}

// TestPictureOfStatus: the screen that README.md begins with is one that a test prints.
func TestPictureOfStatus(t *testing.T) {
	screen, err := os.ReadFile("../../internal/cli/testdata/screens/status-of-many.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(blocks(t, "../../README.md")[0].text) {
		if line != "…\n" && !strings.Contains(string(screen), "\n"+line) {
			t.Errorf("no screen has the line %q", line)
		}
	}
}

const between = "----- end of a block -----"

// paste runs blocks in one shell.
func paste(t *testing.T, page string, run []block) {
	t.Helper()
	var script strings.Builder
	script.WriteString("set -e\n")
	if filepath.Base(page) != "README.md" {
		setup, err := os.ReadFile("testdata/docs/setup.sh")
		if err != nil {
			t.Fatal(err)
		}
		own, err := os.ReadFile("testdata/docs/" + strings.TrimSuffix(filepath.Base(page), ".md") + ".sh")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		fmt.Fprintf(&script, "%s\n%s\necho '%s'\n", setup, own, between)
	}
	var shells []block
	want := map[int]string{}
	for _, b := range run {
		if b.language == "text" {
			want[len(shells)-1] = b.text
			continue
		}
		shells = append(shells, b)
		fmt.Fprintf(&script, "%s\necho '%s'\n", b.text, between)
	}
	dir := t.TempDir()
	binary, err := exec.LookPath("tagboat")
	if err != nil {
		t.Fatal(err)
	}
	aws, limit := "aws-command", 3*time.Minute
	if named := os.Getenv("TAGBOAT_AWS"); named != "" {
		aws, limit = named, 15*time.Minute // it starts slowly, and is called often
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", script.String())
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that what it leaves running ends with it
	printed, err := os.Create(filepath.Join(t.TempDir(), "printed"))
	if err != nil {
		t.Fatal(err)
	}
	defer printed.Close()
	cmd.Stdout, cmd.Stderr = printed, printed
	tools := t.TempDir()
	if err := os.WriteFile(filepath.Join(tools, "aws"), []byte("#!/bin/sh\nexec "+aws+" \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd.Env = []string{
		"HOME=" + t.TempDir(), "PATH=" + filepath.Dir(binary) + ":" + tools + ":/usr/bin:/bin", "TAGBOAT_ADDR=127.0.0.1:0", "TAGBOAT_LISTEN=127.0.0.1:0", "COLUMNS=80", "LANG=C.UTF-8",
		"COPILOT=" + stacksOfCopilot(t),
	}
	err = cmd.Run()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	out, readErr := os.ReadFile(printed.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	parts := strings.Split(string(out), between+"\n")
	if filepath.Base(page) != "README.md" {
		if len(parts) == 1 {
			t.Fatalf("setup.sh: %v\n%s", err, out)
		}
		parts = parts[1:]
	}
	if err != nil {
		at := shells[min(len(parts), len(shells))-1]
		t.Fatalf("%s:%d: %v\n%s\nprinted:\n%s", page, at.line, err, at.text, parts[len(parts)-1])
	}
	for i, text := range want {
		if !alike(text, parts[i]) {
			t.Errorf("%s:%d prints something else (-page +printed):\n%s", page, shells[i].line, cmp.Diff(strings.Split(text, "\n"), strings.Split(parts[i], "\n")))
		}
	}
}

// stacksOfCopilot is where what AWS Copilot left of an application is.
func stacksOfCopilot(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../internal/scaffold/testdata/copilot")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// alike reports whether what was printed is what a page says, in which … stands for
// anything within a line, and alone in a line for any lines.
func alike(page, printed string) bool {
	var pattern strings.Builder
	for line := range strings.Lines(strings.TrimSpace(page) + "\n") {
		if line == "…\n" {
			pattern.WriteString(`(?:[^\n]*\n)*`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", `[^\n]*`))
	}
	return regexp.MustCompile("^" + pattern.String() + "$").MatchString(trimLines(printed) + "\n")
}

// trimLines drops blanks at the ends of lines, which nobody sees on a page.
func trimLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

var (
	commandLine = regexp.MustCompile(`(?m)(?:^|&& |\| |run: |; )tagboat ((?:[a-z-]+ )?(?:[a-z-]+)?[^\n#|&;]*)`)
	flagOf      = regexp.MustCompile(`(?:^|\s)(--[a-z][a-z-]*)`)
)

// TestCommandsOfThePages holds that every command that a page shows exists, with its flags:
// of blocks that need AWS or other tools, too, which no test can run.
func TestCommandsOfThePages(t *testing.T) {
	helps := map[string]string{}
	help := func(command ...string) string {
		key := strings.Join(command, " ")
		if _, known := helps[key]; !known {
			out, err := exec.CommandContext(t.Context(), "tagboat", append(command, "--help")...).CombinedOutput()
			if err != nil {
				t.Errorf("tagboat %s --help: %v", key, err)
			}
			helps[key] = string(out)
		}
		return helps[key]
	}
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if !strings.HasPrefix(b.language, "sh") && b.language != "yaml" && b.language != "bash" {
				continue
			}
			for _, m := range commandLine.FindAllStringSubmatch(strings.ReplaceAll(b.text, "\\\n", " "), -1) {
				words := strings.Fields(m[1])
				if len(words) == 0 || strings.HasPrefix(words[0], "-") {
					continue
				}
				text := help(words[0])
				if words[0] == "generate" && len(words) > 1 {
					text = help(words[:2]...)
				}
				if !strings.Contains(text, "tagboat "+words[0]) {
					t.Errorf("%s:%d: there is no command %s", page, b.line, words[0])
				}
				for _, flag := range flagOf.FindAllStringSubmatch(m[1], -1) {
					if !strings.Contains(text, flag[1]) {
						t.Errorf("%s:%d: tagboat %s has no flag %s", page, b.line, words[0], flag[1])
					}
				}
			}
		}
	}
}

// TestEnglish holds that no page and no source has what the table of CONTRIBUTING.md says to
// write otherwise.
func TestEnglish(t *testing.T) {
	guide, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(guide), "| not | but |\n| --- | --- |\n")
	rows := regexp.MustCompile(`(?m)^\| (.+) \| (.+) \|$`).FindAllStringSubmatch(table, -1)
	if len(rows) == 0 {
		t.Fatal("the table is gone")
	}
	err = filepath.WalkDir("../..", func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".." {
			return filepath.SkipDir // tools
		}
		if entry.Name() == "CONTRIBUTING.md" || !strings.HasSuffix(path, ".md") && (!strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go")) {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, row := range rows {
			if strings.Contains(string(text), row[1]) {
				t.Errorf("%s says %q: write %q", path, row[1], row[2])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
