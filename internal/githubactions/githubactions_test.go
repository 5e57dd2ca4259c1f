package githubactions_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/githubactions"
)

var begun = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// ended returns a deployment of prod that took so many seconds.
func ended(service tagboat.ServiceName, v tagboat.Verdict, seconds int) tagboat.Deployment {
	return tagboat.Deployment{
		Environment: "prod", Service: service, Verdict: v, Reason: "because", StartedAt: begun,
		EndedAt: begun.Add(time.Duration(seconds) * time.Second),
	}
}

// failed is a deployment with all that can be told, and text that wants to be more.
func failed() tagboat.Deployment {
	d := ended("api", tagboat.VerdictRolledBack, 95)
	d.Reason = "api:8 failed: 100% of tasks, at once\nand again"
	d.ConsoleURL = "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/api/deployments?region=eu-west-1"
	d.Images = []tagboat.ImageState{
		{Image: "api", Tag: "v2", Pinned: "sha256:bb", PreviousTag: "v1", Previous: "sha256:aa"},
		{Image: "proxy", Tag: "v9", Pinned: "sha256:cc", PreviousTag: "v9", Previous: "sha256:cc"},
	}
	d.Causes = []tagboat.Cause{{
		Cause: "container app exited with code 3", Evidence: "last lines:\n```\n::set-env name=X::y\n</details>", Advice: "look | at *it* <b>, @somebody",
	}}
	return d
}

func TestAnnotations(t *testing.T) {
	got := githubactions.Annotations([]tagboat.Deployment{
		failed(), ended("web", tagboat.VerdictSucceeded, 3), ended("job", tagboat.VerdictUnchanged, 0), ended("a:b,c%", tagboat.VerdictSuperseded, 4),
		ended("cron", tagboat.VerdictFailed, 4), ended("late", tagboat.VerdictSkipped, 0), ended("begun", tagboat.VerdictStarted, 0),
	})
	want := []string{
		"::error title=prod/api rolled-back::api:8 failed: 100%25 of tasks, at once%0Aand again%0A→ look | at *it* <b>, @somebody" +
			"%0Ahttps://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/api/deployments?region=eu-west-1",
		"::error title=prod/cron failed::because",
		"::warning title=prod/a%3Ab%2Cc%25 superseded::because",
		"::warning title=prod/late skipped::because",
	}
	expect.Equal(t, want, got)
}

func TestAnnotationsAreAsManyAsGitHubShows(t *testing.T) {
	var all []tagboat.Deployment
	for i := range 14 {
		all = append(all, ended(tagboat.ServiceName(fmt.Sprint("s", i)), tagboat.VerdictFailed, 1))
	}
	got := githubactions.Annotations(all)
	if len(got) != 10 || got[9] != "::error title=and 5 more::the job's summary lists all of them" {
		t.Errorf("%d annotations, the last %q", len(got), got[len(got)-1])
	}
	if got := githubactions.Annotations(all[:10]); len(got) != 10 || !strings.Contains(got[9], "prod/s9") {
		t.Errorf("ten are not shown as ten: %q", got)
	}
}

func TestErrors(t *testing.T) {
	placed := tagboat.Usagef("unknown key: %q", "imgaes").WithHint("did you mean %q?", "images").
		At(tagboat.Position{File: "deploy/tagboat.yaml", Line: 3, Column: 2, Text: "  imgaes: secret"})
	got := githubactions.Errors([]error{
		placed, tagboat.Usagef("one").At(tagboat.Position{File: "a,b.yaml"}), fmt.Errorf("reading: %w", tagboat.Usagef("two").WithHint("three")), errors.New("50%"),
	})
	want := []string{
		`::error file=deploy/tagboat.yaml,line=3,col=2,title=tagboat::deploy/tagboat.yaml:3:2: unknown key: "imgaes"%0A→ did you mean "images"?`,
		`::error file=a%2Cb.yaml,title=tagboat::a,b.yaml: one`,
		`::error title=tagboat::reading: two%0A→ three`,
		`::error title=tagboat::50%25`,
	}
	expect.Equal(t, want, got)
	many := make([]error, 12)
	for i := range many {
		many[i] = errors.New("no")
	}
	if got := githubactions.Errors(many); len(got) != 10 || got[9] != "::error title=and 3 more::the log has all of them" {
		t.Errorf("%q", got)
	}
}

func TestGroup(t *testing.T) {
	var log bytes.Buffer
	githubactions.Group(&log, "prod/api: failed\nhere", func() { log.WriteString("    ::add-mask::a\n") })
	form := regexp.MustCompile(`^::group::prod/api: failed%0Ahere\n::stop-commands::([A-Z0-9]{20,})\n    ::add-mask::a\n::([A-Z0-9]+)::\n::endgroup::\n$`)
	found := form.FindStringSubmatch(log.String())
	if found == nil || found[1] != found[2] {
		t.Errorf("%q", log.String())
	}
}

func TestAppendSummary(t *testing.T) {
	const limit = 1 << 20
	row := strings.Repeat("x", 999) + "\n"
	for _, tc := range []struct {
		name   string
		before int
		rows   int
		want   int // whole rows
		cut    bool
	}{
		{"all fits", 10, 5, 5, false},
		{"more than fits", 0, 2000, 1048, true},
		{"little room", limit - 2500, 5, 2, true},
		{"no room for a word", limit - 10, 5, 0, false},
		{"full already", limit + 10, 5, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "summary")
			expect.OK(t, os.WriteFile(file, bytes.Repeat([]byte("-"), tc.before), 0o600))
			pieces := make([]string, tc.rows)
			for i := range pieces {
				pieces[i] = row
			}
			expect.OK(t, githubactions.AppendSummary(file, pieces))
			data := expect.Value(os.ReadFile(file))(t)
			added := string(data[tc.before:])
			if got := strings.Count(added, row); got != tc.want || strings.Contains(added, "The rest is more") != tc.cut {
				t.Errorf("%d rows, cut %t", got, strings.Contains(added, "The rest is more"))
			}
			if len(data) > max(limit, tc.before) {
				t.Errorf("%d bytes", len(data))
			}
		})
	}
	if err := githubactions.AppendSummary(filepath.Join(t.TempDir(), "no", "such"), nil); err == nil {
		t.Error("no error where the file cannot be")
	}
}

func TestInside(t *testing.T) {
	for value, want := range map[string]bool{"": false, "true": true, "false": false} {
		expect.EqualIn(t, value, want, githubactions.Inside(func(string) string { return value }))
	}
}

func TestGuard(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"sha256:abc a::b\n":             "sha256:abc a::b\n",
		"::error::x\n":                  ": :error::x\n",
		"  \t::error::x\n":              "  \t: :error::x\n",
		"a\n::error::x":                 "a\n: :error::x",
		"a\r::error::x":                 "a\r: :error::x",
		"\u00a0\u3000::error::x":        "\u00a0\u3000: :error::x",
		":::error":                      ": ::error",
		": ::x":                         ": ::x",
		"note: ##[error]x":              "note: ## [error]x",
		"####[set-env name=PATH]":       "#### [set-env name=PATH]",
		"# [x] #[y]":                    "# [x] #[y]",
		"ok ✓ ::not at the beginning::": "ok ✓ ::not at the beginning::",
	} {
		var log bytes.Buffer
		expect.Value(githubactions.Guard(&log).Write([]byte(text)))(t)
		if log.String() != want {
			t.Errorf("%q becomes %q, want %q", text, log.String(), want)
		}
	}
}

// command reports whether the runner takes a line for a command, as its source does.
func command(line string) bool {
	return strings.HasPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::") || strings.Contains(line, "##[")
}

// FuzzGuard holds that no text makes a command, however it is cut into pieces.
func FuzzGuard(f *testing.F) {
	f.Add("::error::x", 1)
	f.Add("#", 0)
	f.Add("a##[error]\n \u0085::x", 3)
	f.Fuzz(func(t *testing.T, text string, at int) {
		cut := min(max(at, 0), len(text))
		var log bytes.Buffer
		guarded := githubactions.Guard(&log)
		for _, piece := range []string{text[:cut], text[cut:]} {
			if n, err := guarded.Write([]byte(piece)); err != nil || n != len(piece) {
				t.Fatal(n, err)
			}
		}
		for _, line := range strings.FieldsFunc(log.String(), func(r rune) bool { return r == '\n' || r == '\r' }) {
			if command(line) {
				t.Errorf("%q has the command %q", log.String(), line)
			}
		}
		if blanks := strings.NewReplacer(" ", ""); blanks.Replace(log.String()) != blanks.Replace(text) {
			t.Errorf("%q became %q", text, log.String())
		}
	})
}
