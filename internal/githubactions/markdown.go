package githubactions

import (
	"strings"

	"github.com/tagboat/tagboat/internal/console"
)

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
