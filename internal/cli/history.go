package cli

import (
	"cmp"
	"context"
	"fmt"
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
		Use:   "history [--env ENV...] [--image IMAGE] [--service SERVICE]",
		Short: "Show who changed what, when and why, the newest first",
		Long: "Combines two sources. The versions of the ledger's parameters show everybody's writes,\n" +
			"but Parameter Store keeps only the last hundred. The journal in CloudWatch Logs has\n" +
			"every change that Tagboat made. A write that put back an older value is marked; tagboat\n" +
			"pins --restore undoes it.",
		Example: "  tagboat history --env prod -n 20\n  tagboat history --image api --since 7d",
		GroupID: "truth",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHistory(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.image, "image", "", "only this image")
	cmd.Flags().StringSliceVar(&o.services, "service", nil, "only these services and their images: repeated, or with commas")
	cmd.Flags().Var(&o.since, "since", "only from a time on, given as a time or an age: 2026-01-02T10:30:00Z, 7d")
	cmd.Flags().Var(&o.until, "until", "only before this time")
	cmd.Flags().IntVarP(&o.limit, "limit", "n", 50, "how many entries, newest first; 0 for all")
	return cmd
}

func runHistory(ctx context.Context, f *frame, o historyOptions) error {
	if o.limit < 0 {
		return tagboat.Usagef("--limit must not be negative")
	}
	var unread []tagboat.EnvironmentError
	err := answer(ctx, f, o.targets, func(a *app.App, selected fleet.Selection) (tagboat.HistoryDocument, error) {
		document, err := a.History.Events(ctx, history.Request{
			Selection: selected, Image: tagboat.ImageName(o.image),
			Since: o.since.When, Until: o.until.When, Limit: o.limit,
		})
		unread = document.Errors
		return document, err
	}, printHistory)
	if err != nil {
		return err
	}
	return f.incomplete(unread)
}

func printHistory(f *frame, document tagboat.HistoryDocument) {
	if len(document.Events) == 0 && len(document.Errors) == 0 {
		f.Talkf("no change is recorded\n")
	}
	if len(document.Events) > 0 {
		table := console.NewTable("WHEN", "ENV", "WHAT", "CHANGE", "BY", "WHY").Keep("WHEN", "ENV", "CHANGE")
		for _, e := range document.Events {
			table.Row(console.Text(e.At.UTC().Format("2006-01-02 15:04:05Z")), console.Text(dash(string(e.Environment))),
				console.Cell{Text: whatText(e), Style: eventStyle(e)}, console.Cell{Text: changeText(e, f.wide || f.verbose), Style: changeStyle(e)},
				console.Text(dash(cmp.Or(e.Actor, who(e.By)))), console.Text(whyText(e)))
		}
		table.Print(f.Streams)
	}
	if document.Since != nil {
		f.Talkf("before %s Parameter Store no longer has what others wrote\n", document.Since.UTC().Format("2006-01-02 15:04:05Z"))
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

// changeText is what an event changed: from one version to another, and of a deployment which
// revision that made and how it ended. Digests stand where tags do not say it, or are asked for.
func changeText(e tagboat.Event, digests bool) string {
	if e.Verdict == "" {
		return stepText(e.From, e.To, digests)
	}
	var parts []string
	for _, c := range e.Changes {
		text := stepText(c.From, c.To, digests)
		if len(e.Changes) > 1 {
			text = string(c.Image) + " " + text
		}
		parts = append(parts, text)
	}
	text := strings.Join(parts, ", ")
	if e.TaskDefinition != "" {
		text += fmt.Sprintf(" (%s)", lastPart(e.TaskDefinition))
	}
	if e.Verdict != tagboat.VerdictSucceeded || text == "" {
		text += " " + string(e.Verdict)
	}
	return strings.TrimSpace(text)
}

// stepText says which version took the place of which; one alone where there is no other.
func stepText(from, to tagboat.Observed, digests bool) string {
	digests = digests || from.Tag == to.Tag && from.Digest != to.Digest
	text := func(o tagboat.Observed) string {
		if digests {
			return observedText(o)
		}
		return cmp.Or(o.Tag, observedText(o))
	}
	switch {
	case from == to || from == (tagboat.Observed{}):
		return text(to)
	case to == (tagboat.Observed{}):
		return text(from) + " → none"
	default:
		return text(from) + " → " + text(to)
	}
}

func changeStyle(e tagboat.Event) console.Style {
	if e.Verdict == "" {
		return console.Plain
	}
	return verdictStyle(e.Verdict)
}

func whyText(e tagboat.Event) string {
	commit := e.Commit
	if len(commit) > 7 {
		commit = commit[:7]
	}
	parts := []string{e.Message, commit, e.Run}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}
