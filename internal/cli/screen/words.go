package screen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
)

// Dash stands for a text that is empty.
func Dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Moment is how a time is written in a table, to the second and in UTC.
func Moment(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// ageText is how an age is written in a table: in the unit that leaves few digits.
func ageText(seconds int64) string {
	age := time.Duration(seconds) * time.Second
	switch {
	case seconds <= 0:
		return "-"
	case age < 2*time.Minute:
		return fmt.Sprintf("%ds", seconds)
	case age < 2*time.Hour:
		return fmt.Sprintf("%dm", seconds/60)
	case age < 48*time.Hour:
		return fmt.Sprintf("%dh", seconds/3600)
	default:
		return fmt.Sprintf("%dd", seconds/86400)
	}
}

// VersionText is how a version is written in a table: its tag, where one is known, and
// enough of the digest to recognise it.
func VersionText(tag string, digest tagboat.Digest) string {
	switch {
	case digest == "":
		return "-"
	case tag == "":
		return digest.Short()
	default:
		return tag + " (" + digest.Short()[:7] + ")"
	}
}

func observedText(o tagboat.Observed) string { return VersionText(o.Tag, o.Digest) }

// revision returns family:revision of a task definition's ARN.
func revision(arn string) string { return Dash(arn[strings.LastIndex(arn, "/")+1:]) }

// lastPart returns what stands behind the last slash.
func lastPart(s string) string { return s[strings.LastIndex(s, "/")+1:] }

// Who returns the part of an ARN that names somebody.
func Who(arn string) string {
	if !strings.HasPrefix(arn, "arn:") {
		return arn
	}
	return lastPart(arn[strings.LastIndex(arn, ":")+1:])
}

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
		text := VersionText(i.Tag, i.Pinned)
		if len(images) > 1 {
			text = string(i.Image) + " " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(slices.Compact(parts), ", ")
}
