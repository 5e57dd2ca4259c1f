package page

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/words"
)

func momentText(t *time.Time) string {
	if t == nil {
		return "–"
	}
	return t.UTC().Format("Mon 2 Jan 2006, 15:04 MST")
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05") }

func cut(s string, n int) string { return s[:min(len(s), n)] }

func cutList[T any](list []T, n int) []T { return list[:min(len(list), n)] }

func joined(all []string) string { return strings.Join(all, "; ") }

func releaseNames(all []tagboat.Release) string {
	var names []string
	for _, r := range all {
		names = append(names, r.Readable())
	}
	return strings.Join(names, ", ")
}

func imageAddress(name tagboat.ImageName) string {
	return (&url.URL{Path: "/images/" + string(name)}).String()
}

func failureTitle(status int) string {
	switch status {
	case http.StatusNotFound:
		return "Not found"
	case http.StatusForbidden:
		return "You may not do this"
	case http.StatusConflict:
		return "This cannot be done now"
	case http.StatusBadRequest:
		return "This was not understood"
	default:
		return "Something went wrong"
	}
}

func describedBy(problem string) string {
	if problem == "" {
		return "token"
	}
	return "problem"
}

func gateTone(g tagboat.GateResult) string {
	switch {
	case g.Passed:
		return toneWell
	case g.BrokenGlass || g.Opens != nil:
		return toneWarn
	default:
		return toneBad
	}
}

func gateIcon(g tagboat.GateResult) string {
	switch {
	case g.Passed:
		return "check"
	case g.BrokenGlass:
		return "warn"
	case g.Opens != nil:
		return "clock"
	default:
		return "cross"
	}
}

func gateWord(g tagboat.GateResult) string {
	switch {
	case g.Passed:
		return "open"
	case g.BrokenGlass:
		return "overridden"
	default:
		return "closed"
	}
}

func linkTone(l tagboat.Link) string {
	return map[string]string{tagboat.LinkClosed: toneWell, tagboat.LinkOpen: toneBad}[l.State]
}

func linkIcon(l tagboat.Link) string {
	switch l.State {
	case tagboat.LinkClosed:
		return "check"
	case tagboat.LinkOpen:
		return "cross"
	default:
		return "unknown"
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func holdsText(all []tagboat.HeldImage) string {
	if len(all) == 0 {
		return "nothing held"
	}
	var parts []string
	for _, h := range all {
		name := string(h.Image)
		if name == "*" {
			name = "everything"
		}
		parts = append(parts, name+" "+holdText(h.Hold))
	}
	return strings.Join(parts, "; ")
}

// diffKind is the sign of a line of a diff that adds or removes; "" of any other.
func diffKind(line string) string {
	trimmed := strings.TrimLeft(line, " ")
	if trimmed == "" || trimmed[0] != '+' && trimmed[0] != '-' {
		return ""
	}
	return trimmed[:1]
}

func momentShort(t *time.Time) string {
	if t == nil {
		return "–"
	}
	return t.UTC().Format("2 Jan 2006 15:04")
}

func environmentsText(names []tagboat.EnvName) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}

// scanText has the worst findings of a scan, or how the scan stands.
func scanText(v tagboat.ImageVersion) string {
	if v.Findings == nil {
		return strings.ToLower(v.Scan)
	}
	var parts []string
	for _, severity := range []string{"CRITICAL", "HIGH", "MEDIUM", "LOW"} {
		if n := v.Findings[severity]; n > 0 && len(parts) < 2 {
			parts = append(parts, strconv.Itoa(n)+" "+strings.ToLower(severity))
		}
	}
	if len(parts) == 0 {
		return "clean"
	}
	return strings.Join(parts, ", ")
}

func tagVerdict(t tagboat.TagVerdict, first bool) string {
	switch {
	case !t.Accepted:
		return "skipped"
	case first:
		return "chosen"
	default:
		return "fits, ranks below"
	}
}

func releaseSub(r tagboat.Release) string {
	parts := []string{}
	if r.CreatedAt != nil {
		parts = append(parts, "made "+momentText(r.CreatedAt))
	}
	if r.Author != "" {
		parts = append(parts, "by "+words.Who(r.Author))
	}
	if r.Commit != "" {
		parts = append(parts, "of commit "+cut(r.Commit, 9))
	}
	return strings.Join(parts, " ")
}

func valueText(v any) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprint(v)
}
