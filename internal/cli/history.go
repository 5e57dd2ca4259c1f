package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
)

type historyOptions struct {
	targets
	image        string
	since, until when
	limit        int
}

func newHistory(f *frame) *cobra.Command {
	var o historyOptions
	cmd := &cobra.Command{
		Use:   "history [--env ENV...] [--image IMAGE]",
		Short: "Show who changed what, when and why, the newest first",
		Long: "Puts together the versions of the ledger's parameters, which tell of everybody's\n" +
			"writes but only of the last hundred, and the journal in CloudWatch Logs, which tells\n" +
			"of all that Tagboat changed. A write that put back what was there before an update\n" +
			"is marked: tagboat pins --restore undoes it.",
		Example: "  tagboat history --env prod -n 20\n  tagboat history --image api --since 7d",
		GroupID: "truth",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHistory(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.image, "image", "", "only this image")
	cmd.Flags().Var(&o.since, "since", "only from this time on, or from so long ago: 2026-01-02T10:30:00Z, 7d")
	cmd.Flags().Var(&o.until, "until", "only before this time")
	cmd.Flags().IntVarP(&o.limit, "limit", "n", 50, "the newest so many; 0 for all")
	return cmd
}

func runHistory(ctx context.Context, f *frame, o historyOptions) error {
	if o.limit < 0 {
		return tagboat.Usagef("--limit must not be negative")
	}
	return answer(ctx, f, o.targets, func(a *app.App, selected fleet.Selection) (tagboat.HistoryDocument, error) {
		return a.History.Events(ctx, history.Request{
			Selection: selected, Image: tagboat.ImageName(o.image),
			Since: o.since.When, Until: o.until.When, Limit: o.limit,
		})
	}, printHistory)
}

func printHistory(f *frame, document tagboat.HistoryDocument) {
	if len(document.Events) == 0 {
		f.Talkf("nothing is known to have been changed\n")
	} else {
		table := console.NewTable("WHEN", "ENVIRONMENT", "WHAT", "FROM", "TO", "BY", "WHY")
		for _, e := range document.Events {
			table.Row(console.Text(e.At.UTC().Format("2006-01-02 15:04:05Z")), console.Text(dash(string(e.Environment))),
				console.Cell{Text: whatText(e), Style: eventStyle(e)}, console.Text(observedText(e.From)), console.Text(outcomeText(e)),
				console.Text(dash(cmp.Or(e.Actor, who(e.By)))), console.Text(whyText(e)))
		}
		table.Print(f.Streams)
	}
	if document.Since != nil {
		f.Talkf("before %s Parameter Store has forgotten what others wrote\n", document.Since.UTC().Format("2006-01-02 15:04:05Z"))
	}
}

func whatText(e tagboat.Event) string {
	what := e.Command + " " + cmp.Or(string(e.Image), string(e.Service))
	if e.Overwrote {
		what += " (overwrote an update)"
	}
	return what
}

func eventStyle(e tagboat.Event) console.Style {
	switch {
	case e.Overwrote:
		return console.Bad
	case e.Foreign:
		return console.Warn
	default:
		return console.Strong
	}
}

func outcomeText(e tagboat.Event) string {
	if e.Verdict == "" {
		return observedText(e.To)
	}
	return strings.TrimSpace(string(e.Verdict) + " " + lastPart(e.TaskDefinition))
}

func whyText(e tagboat.Event) string {
	commit := e.Commit
	if len(commit) > 7 {
		commit = commit[:7]
	}
	parts := []string{e.Message, commit, e.Run}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}
