package config_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/selection"
)

var (
	recipe = regexp.MustCompile("(?m)^\\| `select: (\\{.*?\\})`[^|]*\\| (.*) \\|$")
	tagged = regexp.MustCompile("(\\*\\*)?`([^`]+)`")
)

// TestRecipesOfTheDocumentation runs each rule of docs/versions.md as it stands there over
// the tags beside it, which were pushed in their order. The bold one must win.
func TestRecipesOfTheDocumentation(t *testing.T) {
	text := expect.Value(os.ReadFile("../../docs/versions.md"))(t)
	recipes := recipe.FindAllStringSubmatch(string(text), -1)
	if len(recipes) < 15 {
		t.Fatalf("only %d recipes were found", len(recipes))
	}
	now := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	for _, r := range recipes {
		rule, err := config.ParseRule("docs/versions.md", r[1])
		if err != nil {
			t.Errorf("%s: %s", r[1], casetest.Report(err))
			continue
		}
		var candidates []selection.Candidate
		want := ""
		for i, tag := range tagged.FindAllStringSubmatch(r[2], -1) {
			if tag[1] != "" {
				want = tag[2]
			}
			candidates = append(candidates, selection.Candidate{
				Tag: tag[2], Digest: tagboat.Digest(fmt.Sprintf("sha256:%064d", i)), PushedAt: now.Add(time.Duration(i-100) * time.Hour), Complete: true,
			})
		}
		if v, ok := rule.Choose(candidates, now).Chosen(); !ok || v.Tag != want || want == "" || len(candidates) < 2 {
			t.Errorf("%s picks %q, and the page says %q of %s", r[1], v.Tag, want, strings.TrimSpace(r[2]))
		}
	}
}
