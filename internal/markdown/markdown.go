// Package markdown writes what plans and promotions would change, and how deployments ended, for
// pull requests and the summaries of jobs. What others wrote stands in it as text: it is neither a
// link, a mention nor HTML.
package markdown

import (
	"slices"
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
	"~", `\~`, "#", "#"+nothing, "@", "@"+nothing, "://", ":"+nothing+"//", "www.", "www"+nothing+".",
)

// nothing is a blank without a width. It keeps GitHub from telling the person of a name behind @,
// from noting this at the issue of a number behind #, and from making a link of an address.
const nothing = "&#8203;"

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

// table returns a table of cells that are Markdown already; "" where it has no rows.
func table(head []string, rows [][]string) string {
	if len(rows) == 0 {
		return ""
	}
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "---"
	}
	var b strings.Builder
	for _, cells := range slices.Concat([][]string{head, rule}, rows) {
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	return "\n" + b.String()
}
