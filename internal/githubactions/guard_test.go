package githubactions_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/githubactions"
)

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
