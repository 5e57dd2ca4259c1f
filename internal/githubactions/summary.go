package githubactions

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

// Summary returns a Markdown document about deployments, piece by piece: a table of all
// of them, those that did not end well first, and below it why.
func Summary(command string, deployments []tagboat.Deployment) []string {
	pieces := []string{fmt.Sprintf("\n### tagboat %s: %s\n\n", command, tagboat.Tally(deployments))}
	if len(deployments) == 0 {
		return pieces
	}
	ordered := tagboat.ByConcern(deployments)
	pieces[0] += "| | environment | service | verdict | versions | took | |\n| --- | --- | --- | --- | --- | --- | --- |\n"
	for _, d := range ordered {
		pieces = append(pieces, fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", d.Verdict.Concern().Sign(), inline(string(d.Environment)),
			inline(string(d.Service)), d.Verdict, versions(d.Images), took(d), link(d.ConsoleURL)))
	}
	for _, d := range ordered {
		if d.Verdict.Concern() < tagboat.Fine {
			pieces = append(pieces, why(d))
		}
	}
	return pieces
}

// versions tells what each image went from and to.
func versions(images []tagboat.ImageState) string {
	parts := make([]string, len(images))
	for i, image := range images {
		parts[i] = inline(string(image.Image) + " " + image.Change())
	}
	return strings.Join(parts, "<br>")
}

func took(d tagboat.Deployment) string {
	if !d.Verdict.Begun() {
		return ""
	}
	return d.EndedAt.Sub(d.StartedAt).Round(time.Second).String()
}

func link(url string) string {
	if url == "" {
		return ""
	}
	return "[console](" + url + ")"
}

// why tells the reason of a verdict and its causes.
func why(d tagboat.Deployment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n#### %s/%s %s\n\n%s\n", inline(string(d.Environment)), inline(string(d.Service)), d.Verdict, inline(d.Reason))
	for _, cause := range d.Causes {
		fmt.Fprintf(&b, "\n**%s**\n", inline(cause.Cause))
		if cause.Evidence != "" {
			b.WriteString("\n" + fenced("", cause.Evidence))
		}
		if cause.Advice != "" {
			fmt.Fprintf(&b, "\n→ %s\n", inline(cause.Advice))
		}
	}
	return b.String()
}

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

// inline makes text one that stands within a line of Markdown, and within a cell of a
// table, as it is.
// https://github.github.com/gfm/#backslash-escapes
func inline(text string) string {
	return escapes.Replace(strings.Join(strings.Fields(console.Printable(text)), " "))
}

var escapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "<", "&lt;", ">", "&gt;", "&", "&amp;",
	"~", `\~`, "#", `\#`, "@", "&#64;", // @ would tell the person of that name
)

// fenced returns text as a block of code, whatever it has in it: the fence is longer
// than each within.
// https://github.github.com/gfm/#fenced-code-blocks
func fenced(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(string(console.Lines(text)), "\n") + "\n" + fence + "\n"
}

// summaryLimit is how many bytes the summary of a step can have: of one that has more
// GitHub shows nothing at all.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
const summaryLimit = 1 << 20

const cutShort = "\n\nThe rest is more than GitHub shows; the log has all of it.\n"

// AppendSummary adds a document to the summary of the step, which file holds: the one
// that GITHUB_STEP_SUMMARY names. It adds as many whole pieces as there is room for.
func AppendSummary(file string, pieces []string) error {
	summary, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the job's summary: %w", err)
	}
	info, err := summary.Stat()
	if err == nil {
		_, err = summary.WriteString(fit(pieces, summaryLimit-int(info.Size())))
	}
	if closing := summary.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("writing the job's summary: %w", err)
	}
	return nil
}

// fit joins the pieces that fit into room bytes, up to the first that does not, and says
// where some are missing.
func fit(pieces []string, room int) string {
	var b strings.Builder
	total := 0
	for _, piece := range pieces {
		total += len(piece)
	}
	if total <= room {
		return strings.Join(pieces, "")
	}
	for _, piece := range pieces {
		if b.Len()+len(piece)+len(cutShort) > room {
			break
		}
		b.WriteString(piece)
	}
	if b.Len()+len(cutShort) <= room {
		b.WriteString(cutShort)
	}
	return b.String()
}
