package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/words"
)

// tagsShown is how many tags of a version a table shows.
const tagsShown = 3

// Versions prints the versions of an image.
func Versions(on *Screen, d tagboat.ImagesDocument) {
	table := console.NewTable("TAGS", "DIGEST", "PUSHED", "SIZE", "PLATFORMS", "REVISION", "SCAN", "PINNED", "RUNNING")
	for _, v := range d.Versions {
		tags := console.Cell{Text: shortList(v.Tags), Style: console.Strong}
		if d.Chosen != nil && (v.Digest == d.Chosen.Digest || slices.Contains(v.Tags, d.Chosen.Tag)) {
			tags = console.Cell{Text: "* " + tags.Text, Style: console.Good}
		}
		table.Row(tags, console.Text(Dash(v.Digest.Short())), console.Text(words.Moment(v.PushedAt)), console.Text(words.Size(v.Size)),
			console.Text(Dash(strings.Join(v.Platforms, ","))), console.Text(Dash(cutRevision(v.Revision))), scanCell(v),
			console.Text(Dash(environmentsText(v.Pinned))), console.Text(Dash(environmentsText(v.Running))))
	}
	table.Print(on.Streams)
	if more := d.Total - len(d.Versions); more > 0 {
		on.Talkf("%d more; --limit 0 shows all\n", more)
	}
	tellChoice(on, d)
}

// tellChoice says what the rule chooses, and how that came.
func tellChoice(on *Screen, d tagboat.ImagesDocument) {
	switch {
	case d.Rule == "":
		on.Talkf("%s has no rule; pin names its version\n", d.Image)
	case d.Chosen == nil:
		on.Talkf("no version fits the rule: %s\n", d.Rule)
	default:
		on.Talkf("%s chooses %s: %s\n", d.Rule, d.Chosen.Readable(), d.Chosen.Decided)
	}
}

// Why explains a choice tag by tag: what counts, best first, and then the rest.
func Why(on *Screen, d tagboat.ImagesDocument, limit int) {
	on.Printf("image  %s, %s\nrule   %s\n", d.Image, d.Repository, Dash(d.Rule))
	accepted := slices.IndexFunc(d.Tags, func(v tagboat.TagVerdict) bool { return !v.Accepted })
	if accepted < 0 {
		accepted = len(d.Tags)
	}
	if d.Chosen == nil {
		on.Printf("chosen nothing: no tag fits\n\n")
	} else {
		on.Printf("chosen %s\nwhy    %s\n\n", on.OnOut(console.Good, d.Chosen.Readable()), d.Chosen.Decided)
	}
	table := console.NewTable("TAG", "VERDICT", "KEY", "WHY")
	for i, v := range head(d.Tags[:accepted], limit) {
		verdict, why := console.Text("fits"), "fits, but ranks below the one above"
		if i == 0 {
			verdict, why = console.Cell{Text: "chosen", Style: console.Good}, "fits, and ranks first"
		}
		table.Row(tagCell(v), verdict, console.Text(Dash(v.Key)), console.Text(why))
	}
	for _, v := range head(d.Tags[accepted:], limit) {
		table.Row(tagCell(v), console.Cell{Text: "skipped", Style: console.Faint}, console.Text("-"), console.Text("it "+v.Reason))
	}
	table.Print(on.Streams)
	tellMore(on, accepted, limit, "fit")
	tellMore(on, len(d.Tags)-accepted, limit, "are skipped")
}

func tellMore(on *Screen, all, limit int, what string) {
	if more := all - limit; limit > 0 && more > 0 {
		on.Talkf("%d more %s; --limit 0 shows all\n", more, what)
	}
}

func head[T any](list []T, limit int) []T {
	if limit <= 0 || limit > len(list) {
		return list
	}
	return list[:limit]
}

func tagCell(v tagboat.TagVerdict) console.Cell {
	if v.Tag == "" {
		return console.Text("(" + v.Digest.Short() + ")")
	}
	return console.Cell{Text: v.Tag, Style: console.Strong}
}

// Backtest prints what a rule would have chosen, and when.
func Backtest(on *Screen, d tagboat.ImagesDocument) {
	if len(d.Backtest) == 0 {
		on.Talkf("%s would have chosen nothing in that time\n", d.Rule)
		return
	}
	table := console.NewTable("SINCE", "TAG", "DIGEST", "WHY")
	for _, c := range d.Backtest {
		table.Row(console.Text(words.Moment(&c.At)), console.Cell{Text: Dash(c.Tag), Style: console.Strong}, console.Text(c.Digest.Short()), console.Text(c.Why))
	}
	table.Print(on.Streams)
	on.Talkf("tags count as they are now; what they pointed to before is not known\n")
}

// Overview prints what the rule of each image chooses.
func Overview(on *Screen, o tagboat.ImagesOverview) {
	table := console.NewTable("IMAGE", "REPOSITORY", "VERSIONS", "RULE", "CHOSEN", "WHY")
	for _, i := range o.Images {
		chosen, why := console.Text("-"), i.Problem
		if i.Chosen != nil {
			chosen, why = console.Cell{Text: i.Chosen.Readable(), Style: console.Good}, i.Chosen.Decided
		}
		table.Row(console.Cell{Text: string(i.Image), Style: console.Strong}, console.Text(i.Repository), console.Text(fmt.Sprint(i.Total)),
			console.Text(Dash(i.Rule)), chosen, console.Text(Dash(why)))
	}
	table.Print(on.Streams)
}

func shortList(tags []string) string {
	if len(tags) == 0 {
		return "-"
	}
	if more := len(tags) - tagsShown; more > 0 {
		return fmt.Sprintf("%s +%d", strings.Join(tags[:tagsShown], " "), more)
	}
	return strings.Join(tags, " ")
}

func environmentsText(names []tagboat.EnvName) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ",")
}

func cutRevision(s string) string { return s[:min(len(s), 12)] }

// scanCell has the worst findings of a scan, or how the scan stands.
func scanCell(v tagboat.ImageVersion) console.Cell {
	if v.Findings == nil {
		return console.Text(Dash(strings.ToLower(v.Scan)))
	}
	var parts []string
	for _, severity := range []string{"CRITICAL", "HIGH", "MEDIUM", "LOW"} {
		if n := v.Findings[severity]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ToLower(severity)))
		}
	}
	if len(parts) == 0 {
		return console.Cell{Text: "clean", Style: console.Good}
	}
	return console.Cell{Text: strings.Join(parts[:min(2, len(parts))], ", "), Style: console.Warn}
}
