package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/markdown"
	"github.com/tagboat/tagboat/internal/taskdef"
	"github.com/tagboat/tagboat/internal/words"
)

// Plan prints what a plan changes.
func Plan(on *Screen, document tagboat.PlanDocument) {
	if on.AsMarkdown() {
		on.printMarkdown(markdown.Plan(document))
		return
	}
	for _, p := range document.Pins {
		on.Printf("%s\n  • pin %s in place of %s\n", on.OnOut(console.Strong, fmt.Sprintf("%s, image %s", p.Environment, p.Image)), observedText(p.To), observedText(p.From))
	}
	for _, change := range document.Changes {
		on.Printf("%s\n", on.OnOut(console.Strong, fmt.Sprintf("%s/%s", change.Environment, change.Service)))
		for _, image := range change.Images {
			if text := versionsText(image, on.Verbose); text != "" {
				on.Printf("  %s: %s\n", image.Image, on.OnOut(console.Accent, text))
			}
		}
		for _, step := range change.Steps {
			on.Printf("  • %s\n", step)
		}
		printDiff(on, change.Diff)
	}
	for _, left := range document.LeftAlone {
		on.Printf("%s\n  • %s: %s\n", on.OnOut(console.Strong, fmt.Sprintf("%s/%s", left.Environment, left.Service)), left.Verdict, left.Reason)
	}
	printPlanned(on, document)
}

// printPlanned counts what a plan changes and what it leaves.
func printPlanned(on *Screen, document tagboat.PlanDocument) {
	if len(document.Changes) == 0 && len(document.Problems) == 0 && len(document.Pins) == 0 && len(document.LeftAlone) == 0 {
		on.Printf("nothing to change\n")
		return
	}
	var parts []string
	count := func(n int, of string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, of))
		}
	}
	count(len(document.Changes), "to change")
	count(document.Unchanged, "unchanged")
	count(len(document.LeftAlone), "left alone")
	if len(parts) > 0 {
		on.Printf("services: %s\n", strings.Join(parts, ", "))
	}
}

// versionsText says which version takes the place of which, and the commit that it was built
// from; "" where that stays the same.
func versionsText(i tagboat.ImageState, digests bool) string {
	if i.Previous == i.Pinned {
		return ""
	}
	text := stepText(tagboat.Observed{Tag: i.PreviousTag, Digest: i.Previous}, tagboat.Observed{Tag: i.Tag, Digest: i.Pinned}, digests)
	if i.Revision != "" {
		text += fmt.Sprintf(" (%.7s)", i.Revision)
	}
	return text
}

// versioned are the lines of a diff that say in digests and labels what versions are.
var versioned = []string{"].image: ", "].dockerLabels." + taskdef.LabelTag, "].dockerLabels." + taskdef.LabelImage, "].dockerLabels." + taskdef.LabelRevision}

func printDiff(on *Screen, diff string) {
	for line := range strings.Lines(diff) {
		line = strings.TrimRight(line, "\n")
		if !on.Verbose && slices.ContainsFunc(versioned, func(part string) bool { return strings.Contains(line, part) }) {
			continue
		}
		style := console.Plain
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "+"):
			style = console.Good
		case strings.HasPrefix(strings.TrimSpace(line), "-"):
			style = console.Bad
		}
		on.Printf("    %s\n", on.OnOut(style, line))
	}
}

// Back shows what each service goes back from and to, and how old both are.
func Back(on *Screen, back []tagboat.GoingBack) {
	table := console.NewTable("ENVIRONMENT", "SERVICE", "VERSION", "REVISION", "RUNS SINCE", "BACK TO")
	for _, b := range back {
		definition := revision(b.From.TaskDefinition)
		if b.From.TaskDefinition != b.To.TaskDefinition {
			definition += " → " + revision(b.To.TaskDefinition)
		}
		table.Row(console.Text(string(b.Environment)), console.Cell{Text: string(b.Service), Style: console.Strong},
			console.Text(Dash(changesText(b.Images))), console.Text(definition), console.Text(ago(b.From)), console.Text(ago(b.To)))
	}
	table.Print(on.Streams)
}

func ago(r tagboat.RevisionSince) string {
	if r.Since == nil {
		return "-"
	}
	return words.Age(max(1, r.AgeSeconds)) + " ago"
}

// changesText says what each image goes from and to, by its name where there are several.
func changesText(images []tagboat.ImageState) string {
	var parts []string
	for _, i := range images {
		text := i.Change()
		if len(images) > 1 {
			text = string(i.Image) + " " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}
