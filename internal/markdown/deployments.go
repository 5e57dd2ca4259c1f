package markdown

import (
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
)

// Deployments returns a Markdown document about deployments, piece by piece: a table of all
// of them, those that did not end well first, and below it why.
func Deployments(command string, deployments []tagboat.Deployment) []string {
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
