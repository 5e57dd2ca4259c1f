package screen

import (
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/words"
)

// Dash stands for a text that is empty.
func Dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func observedText(o tagboat.Observed) string { return words.Version(o.Tag, o.Digest) }

// revision returns family:revision of a task definition's ARN.
func revision(arn string) string { return Dash(words.Last(arn)) }

// took is how long a deployment took, to a tenth of a second.
func took(d tagboat.Deployment) string {
	if d.Verdict == tagboat.VerdictUnchanged {
		return "-"
	}
	return d.EndedAt.Sub(d.StartedAt).Round(100_000_000).String()
}

// heldText describes a hold in one cell.
func heldText(h *tagboat.Hold) string {
	if h == nil {
		return "-"
	}
	text := "held"
	if h.Until != nil {
		text += " until " + h.Until.UTC().Format("2006-01-02 15:04Z")
	}
	if h.Reason != "" {
		text += ": " + h.Reason
	}
	return text
}

// anyHeld reports whether a table needs a column for holds.
func anyHeld[T any](list []T, hold func(T) *tagboat.Hold) bool {
	return slices.ContainsFunc(list, func(item T) bool { return hold(item) != nil })
}

// PinnedText is the version that is pinned for each container, by its image where there are
// several.
func PinnedText(images []tagboat.ImageState) string {
	parts := make([]string, 0, len(images))
	for _, i := range images {
		text := words.Version(i.Tag, i.Pinned)
		if len(images) > 1 {
			text = string(i.Image) + " " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(slices.Compact(parts), ", ")
}
