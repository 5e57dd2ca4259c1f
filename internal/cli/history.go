package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
)

type historyOptions struct {
	targets
	image        string
	digest       string
	since, until when
	limit        int
}

func newHistory(f *frame) *cobra.Command {
	var o historyOptions
	cmd := &cobra.Command{
		Use:   "history [--env ENV...] [--image IMAGE] [--service SERVICE] [--digest DIGEST]",
		Short: "Show who changed what, when and why, the newest first",
		Long: "Combines two sources. The versions of the ledger's parameters show everybody's writes,\n" +
			"but Parameter Store keeps only the last hundred. The journal in CloudWatch Logs has\n" +
			"every change that Tagboat made. A write that put back an older value is marked; tagboat\n" +
			"pins --restore undoes it. --digest shows who brought a version somewhere, from where and why.",
		Example: "  tagboat history --env prod -n 20\n  tagboat history --image api --since 7d\n  tagboat history --env prod --digest 3f2a9c1b7d20",
		GroupID: "truth",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHistory(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.image, "image", "", "only this image")
	cmd.Flags().StringVar(&o.digest, "digest", "", "only what brought a version or a release, or took it away: its digest, or the first twelve digits")
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
	digest := tagboat.Digest(o.digest)
	if hex := digest.Hex(); hex != "" && !catalog.IsShortDigest(hex) && len(hex) != 64 {
		return tagboat.Usagef("%q is not a digest", o.digest).WithHint("write sha256: and 64 digits, or the first twelve of them")
	}
	var unread []tagboat.EnvironmentError
	err := answer(ctx, f, o.targets, func(a *app.App, selected fleet.Selection) (tagboat.HistoryDocument, error) {
		var releases []tagboat.Digest
		if digest != "" {
			var err error
			if releases, err = a.Trace.Carrying(ctx, selected, digest); err != nil {
				return tagboat.HistoryDocument{}, err
			}
		}
		document, err := a.History.Events(ctx, history.Request{
			Selection: selected, Releases: releases, Image: tagboat.ImageName(o.image), Digest: digest,
			Since: o.since.When, Until: o.until.When, Limit: o.limit,
		})
		unread = document.Errors
		return document, err
	}, screen.History)
	if err != nil {
		return err
	}
	return f.Incomplete(unread)
}
