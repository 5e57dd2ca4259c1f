package markdown

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Plan returns a document about what a deployment would change, and what would keep it from
// succeeding, piece by piece.
func Plan(p tagboat.PlanDocument) []string {
	pieces := []string{fmt.Sprintf("\n### tagboat plan: %d to change, %d problems\n", len(p.Changes), len(p.Problems))}
	for _, problem := range p.Problems {
		pieces = append(pieces, problemText("❌", problem))
	}
	for _, warning := range p.Warnings {
		pieces = append(pieces, problemText("⚠️", warning))
	}
	for _, left := range p.LeftAlone {
		pieces = append(pieces, fmt.Sprintf("\n%s **%s/%s** is left alone: %s\n", left.Verdict.Concern().Sign(), inline(string(left.Environment)), inline(string(left.Service)), inline(left.Reason)))
	}
	return append(pieces, changed(p.Pins, p.Changes)...)
}

// Promotion returns a document about what promotions would do, gate by gate, piece by piece.
func Promotion(d tagboat.PromotionDocument) []string {
	var rows [][]string
	for _, r := range d.Promotions {
		rows = append(rows, []string{sign(r), inline(string(r.Environment)), inline(r.Tenant), step(r.From.Readable(), r.Release.Readable()), r.State, inline(r.Reason)})
	}
	pieces := []string{fmt.Sprintf("\n### tagboat promote to %s\n", inline(string(d.Stage))) + table([]string{"", "environment", "tenant", "release", "state", "why"}, rows)}
	for _, warning := range d.Warnings {
		pieces = append(pieces, "\n⚠️ "+inline(warning)+"\n")
	}
	var pins []tagboat.PinChange
	var changes []tagboat.Change
	for _, r := range d.Promotions {
		pieces = append(pieces, gates(r))
		for _, problem := range r.Problems {
			pieces = append(pieces, problemText("❌", problem))
		}
		pins, changes = append(pins, r.Pins...), append(changes, r.Changes...)
	}
	pieces = append(pieces, changed(pins, changes)...)
	if d.Plan != "" {
		pieces = append(pieces, fmt.Sprintf("\nThe same command with `--plan %s` does exactly this, or nothing.\n", inline(d.Plan)))
	}
	return pieces
}

// sign shows how a promotion stands or ended.
func sign(r tagboat.PromotionResult) string {
	switch r.State {
	case tagboat.PromotionReady, tagboat.PromotionDone:
		return tagboat.Fine.Sign()
	case tagboat.PromotionUnchanged, tagboat.PromotionAbsent:
		return tagboat.Idle.Sign()
	case tagboat.PromotionFailed, tagboat.PromotionRolledBack:
		return tagboat.Alarming.Sign()
	default:
		return tagboat.Doubtful.Sign()
	}
}

// step says what takes the place of what.
func step(from, to string) string {
	if from == "" || from == to {
		return inline(to)
	}
	return inline(from) + " → " + inline(to)
}

// gates returns what each gate of an environment says; "" where none says anything.
func gates(r tagboat.PromotionResult) string {
	var rows [][]string
	for _, g := range r.Gates {
		mark := map[bool]string{true: "✅", false: "❌"}[g.Passed]
		if g.BrokenGlass {
			mark = "🔨"
		}
		rows = append(rows, []string{mark, g.Gate, inline(g.Reason), inline(g.Hint)})
	}
	for _, over := range r.PassedOver {
		rows = append(rows, []string{"⚠️", "soak", "passed over: " + inline(over.Readable()), ""})
	}
	text := table([]string{"", "gate", "says", "to open it"}, rows)
	if text == "" {
		return ""
	}
	return fmt.Sprintf("\n#### %s\n%s", inline(string(r.Environment)), text)
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

// changed returns what changes: a table of images, one of variables, and the lines of each service.
func changed(pins []tagboat.PinChange, changes []tagboat.Change) []string {
	pieces := []string{
		table([]string{"environment", "image", "version", "commits"}, images(pins, changes)),
		table([]string{"environment", "service", "container", "variable", "from", "to"}, variables(changes)),
	}
	for _, c := range changes {
		pieces = append(pieces, changeText(c))
	}
	return pieces
}

// images has a row for each image that changes in an environment, however many containers run it.
func images(pins []tagboat.PinChange, changes []tagboat.Change) [][]string {
	type key struct {
		env   tagboat.EnvName
		image tagboat.ImageName
	}
	var order []key
	of := map[key]tagboat.ImageState{}
	put := func(k key, i tagboat.ImageState) {
		before, known := of[k]
		if !known {
			order = append(order, k)
		}
		if !known || before.Revision == "" && i.Pinned == before.Pinned {
			of[k] = i
		}
	}
	for _, p := range pins {
		put(key{p.Environment, p.Image}, tagboat.ImageState{PreviousTag: p.From.Tag, Previous: p.From.Digest, Tag: p.To.Tag, Pinned: p.To.Digest})
	}
	for _, c := range changes {
		for _, i := range c.Images {
			if i.Previous != i.Pinned {
				put(key{c.Environment, i.Image}, i)
			}
		}
	}
	var rows [][]string
	for _, k := range order {
		i := of[k]
		rows = append(rows, []string{inline(string(k.env)), inline(string(k.image)), step(version(i.PreviousTag, i.Previous), version(i.Tag, i.Pinned)), commits(i)})
	}
	return rows
}

func version(tag string, digest tagboat.Digest) string {
	switch {
	case digest == "":
		return tag
	case tag == "":
		return digest.Short()
	default:
		return fmt.Sprintf("%s (%.7s)", tag, digest.Short())
	}
}

// commits is the range of git commits, as far as it is known.
func commits(i tagboat.ImageState) string {
	short := func(commit string) string { return fmt.Sprintf("%.12s", commit) }
	switch {
	case i.Revision == "":
		return ""
	case i.PreviousRevision == "" || i.PreviousRevision == i.Revision:
		return inline(short(i.Revision))
	default:
		return inline(short(i.PreviousRevision) + ".." + short(i.Revision))
	}
}

// variable is a line of a diff about a variable of a container.
var variable = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([-+]) containerDefinitions\[(.*?)\]\.(?:environment|secrets)\[(.*?)\](?:\.valueFrom)?: (.*)$`)
})

// variables has a row for each variable of a container that changes.
func variables(changes []tagboat.Change) [][]string {
	var rows [][]string
	for _, c := range changes {
		for line := range strings.Lines(c.Diff) {
			m := variable().FindStringSubmatch(strings.TrimRight(line, "\n"))
			if m == nil {
				continue
			}
			head := []string{inline(string(c.Environment)), inline(string(c.Service)), inline(m[2]), inline(m[3])}
			last := len(rows) - 1
			if last < 0 || !slices.Equal(rows[last][:4], head) || rows[last][5] != "" {
				rows, last = append(rows, append(head, "", "")), last+1
			}
			rows[last][map[string]int{"-": 4, "+": 5}[m[1]]] = inline(m[4])
		}
	}
	return rows
}

// elsewhere are the parts of lines that a table has: what images and their labels are.
var elsewhere = []string{"].image: ", "].dockerLabels." + taskdef.LabelTag, "].dockerLabels." + taskdef.LabelImage, "].dockerLabels." + taskdef.LabelRevision}

func changeText(c tagboat.Change) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n<details><summary>%s/%s</summary>\n\n", inline(string(c.Environment)), inline(string(c.Service)))
	for _, step := range c.Steps {
		fmt.Fprintf(&b, "- %s\n", inline(step))
	}
	if diff := lines(c.Diff); diff != "" {
		b.WriteString("\n" + fenced("diff", diff))
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

// lines returns the lines of a diff that no table has, with the signs where Markdown colours them.
func lines(diff string) string {
	var b strings.Builder
	for text := range strings.Lines(diff) {
		if variable().MatchString(strings.TrimRight(text, "\n")) || slices.ContainsFunc(elsewhere, func(part string) bool { return strings.Contains(text, part) }) {
			continue
		}
		trimmed := strings.TrimLeft(text, " ")
		if strings.HasPrefix(trimmed, "+") || strings.HasPrefix(trimmed, "-") {
			text = trimmed[:1] + text[:len(text)-len(trimmed)] + trimmed[1:]
		}
		b.WriteString(text)
	}
	return b.String()
}
