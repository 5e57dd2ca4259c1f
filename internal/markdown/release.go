package markdown

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tagboat/tagboat"
)

// ReleaseNotes returns a document about what came since the release that an environment has.
func ReleaseNotes(env tagboat.EnvName, d tagboat.ReleaseDiffDocument) []string {
	pieces := []string{fmt.Sprintf("\n### %s: %s\n", inline(string(env)), step(d.From.Readable(), d.To.Readable()))}
	for _, r := range d.Between {
		text := fmt.Sprintf("\n#### release %s %s\n", inline(r.Readable()), inline(fmt.Sprintf("%.12s", r.Commit)))
		for line := range strings.Lines(r.Notes) {
			if bare, isItem := strings.CutPrefix(strings.TrimSpace(line), "- "); isItem {
				text += "\n- " + inline(bare)
			} else {
				text += "\n" + inline(line) + "\n"
			}
		}
		pieces = append(pieces, text+"\n")
	}
	return append(pieces, differences(d)...)
}

// ReleaseDiff returns a document about what differs between two releases.
func ReleaseDiff(d tagboat.ReleaseDiffDocument) []string {
	return append([]string{fmt.Sprintf("\n### release %s\n", step(d.From.Readable(), d.To.Readable()))}, differences(d)...)
}

// differences returns a table of images, one of variables, and the lines of each file.
func differences(d tagboat.ReleaseDiffDocument) []string {
	var versions, vars [][]string
	for _, i := range d.Images {
		versions = append(versions, []string{inline(string(i.Image)), step(version(i.From.Tag, i.From.Digest), version(i.To.Tag, i.To.Digest)), between(i)})
	}
	for _, v := range d.Vars {
		vars = append(vars, []string{inline(v.Name), inline(v.Scope), inline(value(v.From)), inline(value(v.To))})
	}
	pieces := []string{
		table([]string{"image", "version", "commits"}, versions),
		table([]string{"variable", "where", "from", "to"}, vars),
	}
	for _, f := range d.Files {
		pieces = append(pieces, fmt.Sprintf("\n<details><summary>%s, %s</summary>\n\n%s\n</details>\n", inline(string(f.Service)), inline(f.File), fenced("diff", f.Diff)))
	}
	return pieces
}

// between is the range of git commits, which leads to where they can be looked at.
func between(i tagboat.ReleaseImageDiff) string {
	from, to, ok := strings.Cut(i.Commits, "..")
	if !ok {
		return ""
	}
	text := inline(fmt.Sprintf("%.12s..%.12s", from, to))
	if !strings.HasPrefix(i.Link, "https://") {
		return text
	}
	return "[" + text + "](" + strings.NewReplacer("(", "%28", ")", "%29", "|", "%7C", "<", "%3C", ">", "%3E", " ", "%20", `\`, "%5C").Replace(i.Link) + ")"
}

// value writes a variable's value as JSON; "" where there is none.
func value(v any) string {
	if v == nil {
		return ""
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
