package githubactions

import (
	"fmt"
	"strings"

	"github.com/tagboat/tagboat"
)

// PlanSummary returns a Markdown document about what a deployment would change, and what
// would keep it from succeeding, piece by piece.
func PlanSummary(p tagboat.PlanDocument) []string {
	pieces := []string{fmt.Sprintf("\n### tagboat plan: %d to change, %d problems\n", len(p.Changes), len(p.Problems))}
	for _, problem := range p.Problems {
		pieces = append(pieces, problemText("❌", problem))
	}
	for _, warning := range p.Warnings {
		pieces = append(pieces, problemText("⚠️", warning))
	}
	for _, change := range p.Changes {
		pieces = append(pieces, changeText(change))
	}
	return pieces
}

func problemText(sign string, p tagboat.Problem) string {
	text := fmt.Sprintf("\n%s **%s/%s** %s\n", sign, inline(string(p.Environment)), inline(string(p.Service)), inline(p.Message))
	if p.Where != "" {
		text += "\n" + inline(p.Where) + "\n"
	}
	if p.Hint != "" {
		text += "\n→ " + inline(p.Hint) + "\n"
	}
	return text
}

func changeText(c tagboat.Change) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n<details><summary>%s/%s</summary>\n\n", inline(string(c.Environment)), inline(string(c.Service)))
	for _, step := range c.Steps {
		fmt.Fprintf(&b, "- %s\n", inline(step))
	}
	if c.Diff != "" {
		b.WriteString("\n" + fenced("diff", atMargin(c.Diff)))
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

// atMargin moves the signs of a diff to where Markdown colours them.
func atMargin(diff string) string {
	var b strings.Builder
	for text := range strings.Lines(diff) {
		trimmed := strings.TrimLeft(text, " ")
		if strings.HasPrefix(trimmed, "+") || strings.HasPrefix(trimmed, "-") {
			text = trimmed[:1] + text[:len(text)-len(trimmed)] + trimmed[1:]
		}
		b.WriteString(text)
	}
	return b.String()
}
