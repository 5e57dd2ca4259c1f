package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/fleet"
)

type imagesOptions struct {
	image    string // "" for all
	limit    int
	why      bool
	backtest string
	since    string
}

func newImages(f *frame) *cobra.Command {
	var o imagesOptions
	cmd := &cobra.Command{
		Use:     "images [IMAGE]",
		Short:   "Show the versions of an image, and which one its rule chooses and why",
		Long:    "Shows an image's versions in the registry, newest first: tags, digest, when it was pushed,\nsize, platforms, git revision, scan, and where it is pinned and runs. Without an image,\nwhat the rule of each chooses.\n\n--why says of every tag whether it counts, and by which comparison the winner won.\n--backtest replays another rule over the history: what it would have chosen, and when.",
		Example: "  tagboat images\n  tagboat images api --why\n  tagboat images api --backtest 'semver: \">=1.0.0\"' --since 90d",
		GroupID: "truth",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.image = args[0]
			}
			return runImages(cmd.Context(), f, o)
		},
	}
	cmd.Flags().IntVar(&o.limit, "limit", 20, "how many versions or tags to show; 0 shows all")
	cmd.Flags().BoolVar(&o.why, "why", false, "explain the choice tag by tag")
	cmd.Flags().StringVar(&o.backtest, "backtest", "", "a rule to replay over the history, as it would stand under select:")
	cmd.Flags().StringVar(&o.since, "since", "90d", "how far back, for --backtest")
	return cmd
}

func runImages(ctx context.Context, f *frame, o imagesOptions) error {
	request, err := o.request()
	if err != nil {
		return err
	}
	if o.image == "" {
		return answer(ctx, f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.ImagesOverview, error) {
			return a.Images.All(ctx), nil
		}, printOverview)
	}
	return answer(ctx, f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.ImagesDocument, error) {
		return a.Images.One(ctx, request)
	}, o.printImage)
}

func (o imagesOptions) printImage(f *frame, document tagboat.ImagesDocument) {
	switch {
	case o.backtest != "":
		printBacktest(f, document)
	case o.why:
		printWhy(f, document, o.limit)
	default:
		printVersions(f, document)
	}
}

func (o imagesOptions) request() (catalog.ImagesRequest, error) {
	r := catalog.ImagesRequest{Image: tagboat.ImageName(o.image), Limit: o.limit, Why: o.why}
	if o.image == "" && (o.why || o.backtest != "") {
		return r, tagboat.Usagef("--why and --backtest are for one image").WithHint("tagboat images IMAGE --why")
	}
	if o.limit < 0 {
		return r, tagboat.Usagef("--limit is %d", o.limit).WithHint("0 shows all")
	}
	if o.why && o.backtest != "" {
		return r, tagboat.Usagef("--why and --backtest exclude each other").WithHint("a backtest says of each change why")
	}
	since, err := config.ParseDuration(o.since)
	if err != nil {
		return r, tagboat.Usagef("--since: %w", err).WithHint("write it like 12h or 90d")
	}
	r.Since = time.Duration(since)
	if o.backtest != "" {
		r.Backtest, err = config.ParseRule("--backtest", o.backtest)
	}
	return r, err
}

// tagsShown is how many tags of a version a table shows.
const tagsShown = 3

func printVersions(f *frame, d tagboat.ImagesDocument) {
	table := console.NewTable("TAGS", "DIGEST", "PUSHED", "SIZE", "PLATFORMS", "REVISION", "SCAN", "PINNED", "RUNNING")
	for _, v := range d.Versions {
		tags := console.Cell{Text: shortList(v.Tags), Style: console.Strong}
		if d.Chosen != nil && (v.Digest == d.Chosen.Digest || slices.Contains(v.Tags, d.Chosen.Tag)) {
			tags = console.Cell{Text: "* " + tags.Text, Style: console.Good}
		}
		table.Row(tags, console.Text(dash(v.Digest.Short())), console.Text(moment(v.PushedAt)), console.Text(sizeText(v.Size)),
			console.Text(dash(strings.Join(v.Platforms, ","))), console.Text(dash(cutRevision(v.Revision))), scanCell(v),
			console.Text(dash(environmentsText(v.Pinned))), console.Text(dash(environmentsText(v.Running))))
	}
	table.Print(f.Streams)
	if more := d.Total - len(d.Versions); more > 0 {
		f.Talkf("%d more; --limit 0 shows all\n", more)
	}
	tellChoice(f, d)
}

// tellChoice says what the rule chooses, and how that came.
func tellChoice(f *frame, d tagboat.ImagesDocument) {
	switch {
	case d.Rule == "":
		f.Talkf("%s has no rule; pin names its version\n", d.Image)
	case d.Chosen == nil:
		f.Talkf("no version fits the rule: %s\n", d.Rule)
	default:
		f.Talkf("%s chooses %s: %s\n", d.Rule, d.Chosen.Readable(), d.Chosen.Decided)
	}
}

// printWhy explains a choice tag by tag: what counts, best first, and then the rest.
func printWhy(f *frame, d tagboat.ImagesDocument, limit int) {
	f.Printf("image  %s, %s\nrule   %s\n", d.Image, d.Repository, dash(d.Rule))
	accepted := slices.IndexFunc(d.Tags, func(v tagboat.TagVerdict) bool { return !v.Accepted })
	if accepted < 0 {
		accepted = len(d.Tags)
	}
	if d.Chosen == nil {
		f.Printf("chosen nothing: no tag fits\n\n")
	} else {
		f.Printf("chosen %s\nwhy    %s\n\n", f.OnOut(console.Good, d.Chosen.Readable()), d.Chosen.Decided)
	}
	table := console.NewTable("TAG", "VERDICT", "KEY", "WHY")
	for i, v := range head(d.Tags[:accepted], limit) {
		verdict, why := console.Text("fits"), "fits, but ranks below the one above"
		if i == 0 {
			verdict, why = console.Cell{Text: "chosen", Style: console.Good}, "fits, and ranks first"
		}
		table.Row(tagCell(v), verdict, console.Text(dash(v.Key)), console.Text(why))
	}
	for _, v := range head(d.Tags[accepted:], limit) {
		table.Row(tagCell(v), console.Cell{Text: "skipped", Style: console.Faint}, console.Text("-"), console.Text("it "+v.Reason))
	}
	table.Print(f.Streams)
	tellMore(f, accepted, limit, "fit")
	tellMore(f, len(d.Tags)-accepted, limit, "are skipped")
}

func tellMore(f *frame, all, limit int, what string) {
	if more := all - limit; limit > 0 && more > 0 {
		f.Talkf("%d more %s; --limit 0 shows all\n", more, what)
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

func printBacktest(f *frame, d tagboat.ImagesDocument) {
	if len(d.Backtest) == 0 {
		f.Talkf("%s would have chosen nothing in that time\n", d.Rule)
		return
	}
	table := console.NewTable("SINCE", "TAG", "DIGEST", "WHY")
	for _, c := range d.Backtest {
		table.Row(console.Text(moment(&c.At)), console.Cell{Text: dash(c.Tag), Style: console.Strong}, console.Text(c.Digest.Short()), console.Text(c.Why))
	}
	table.Print(f.Streams)
	f.Talkf("tags count as they are now; what they pointed to before is not known\n")
}

func printOverview(f *frame, o tagboat.ImagesOverview) {
	table := console.NewTable("IMAGE", "REPOSITORY", "VERSIONS", "RULE", "CHOSEN", "WHY")
	for _, i := range o.Images {
		chosen, why := console.Text("-"), i.Problem
		if i.Chosen != nil {
			chosen, why = console.Cell{Text: i.Chosen.Readable(), Style: console.Good}, i.Chosen.Decided
		}
		table.Row(console.Cell{Text: string(i.Image), Style: console.Strong}, console.Text(i.Repository), console.Text(fmt.Sprint(i.Total)),
			console.Text(dash(i.Rule)), chosen, console.Text(dash(why)))
	}
	table.Print(f.Streams)
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

// sizeText is how a size is written in a table: in the unit that leaves few digits.
func sizeText(bytes int64) string {
	const unit = 1000
	if bytes <= 0 {
		return "-"
	}
	size, names := float64(bytes), []string{"B", "kB", "MB", "GB"}
	for size >= unit && len(names) > 1 {
		size, names = size/unit, names[1:]
	}
	if size < 10 && names[0] != "B" {
		return fmt.Sprintf("%.1f %s", size, names[0])
	}
	return fmt.Sprintf("%.0f %s", size, names[0])
}

// scanCell has the worst findings of a scan, or how the scan stands.
func scanCell(v tagboat.ImageVersion) console.Cell {
	if v.Findings == nil {
		return console.Text(dash(strings.ToLower(v.Scan)))
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
