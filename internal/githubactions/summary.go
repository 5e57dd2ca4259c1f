package githubactions

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
)

// Summary returns a Markdown document about deployments, piece by piece: a table of all
// of them, those that did not end well first, and below it why.
func Summary(command string, deployments []tagboat.Deployment) []string {
	pieces := []string{fmt.Sprintf("\n### tagboat %s: %s\n\n", command, counted(deployments))}
	if len(deployments) == 0 {
		return pieces
	}
	ordered := slices.Clone(deployments)
	slices.SortStableFunc(ordered, func(a, c tagboat.Deployment) int { return weight(a.Verdict) - weight(c.Verdict) })
	pieces[0] += "| | environment | service | verdict | versions | took | |\n| --- | --- | --- | --- | --- | --- | --- |\n"
	for _, d := range ordered {
		pieces = append(pieces, fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", sign(d.Verdict), inline(string(d.Environment)),
			inline(string(d.Service)), d.Verdict, versions(d.Images), took(d), link(d.ConsoleURL)))
	}
	for _, d := range ordered {
		if weight(d.Verdict) < good {
			pieces = append(pieces, why(d))
		}
	}
	return pieces
}

// counted says how many deployments came to which verdict.
func counted(deployments []tagboat.Deployment) string {
	counts := map[tagboat.Verdict]int{}
	var verdicts []tagboat.Verdict
	for _, d := range deployments {
		if counts[d.Verdict]++; counts[d.Verdict] == 1 {
			verdicts = append(verdicts, d.Verdict)
		}
	}
	if len(verdicts) == 0 {
		return "nothing to do"
	}
	slices.SortStableFunc(verdicts, func(a, b tagboat.Verdict) int { return weight(a) - weight(b) })
	parts := make([]string, len(verdicts))
	for i, v := range verdicts {
		parts[i] = fmt.Sprintf("%d %s", counts[v], v)
	}
	return strings.Join(parts, ", ")
}

// good is the weight from which a verdict needs nobody to look at it.
const good = 2

// weight orders verdicts: what a person should see to comes first.
func weight(v tagboat.Verdict) int {
	switch v {
	case tagboat.VerdictSuperseded, tagboat.VerdictTimedOut, tagboat.VerdictInterrupted, tagboat.VerdictSkipped:
		return 1
	case tagboat.VerdictSucceeded, tagboat.VerdictStarted:
		return good
	case tagboat.VerdictUnchanged:
		return good + 1
	default:
		return 0
	}
}

func sign(v tagboat.Verdict) string { return []string{"❌", "⚠️", "✅", "➖"}[weight(v)] }

// versions tells what each image went from and to.
func versions(images []tagboat.ImageState) string {
	parts := make([]string, len(images))
	for i, image := range images {
		to := version(image.Tag, image.Pinned)
		if from := version(image.PreviousTag, image.Previous); image.Previous != "" && image.Previous != image.Pinned {
			to = from + " → " + to
		}
		parts[i] = inline(string(image.Image) + " " + to)
	}
	return strings.Join(parts, "<br>")
}

func version(tag string, digest tagboat.Digest) string {
	if tag == "" {
		return digest.Short()
	}
	return tag
}

func took(d tagboat.Deployment) string {
	if d.Verdict == tagboat.VerdictUnchanged || d.Verdict == tagboat.VerdictSkipped {
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
