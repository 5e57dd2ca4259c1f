package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/config"
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
		}, screen.Overview)
	}
	return answer(ctx, f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.ImagesDocument, error) {
		return a.Images.One(ctx, request)
	}, o.printImage)
}

func (o imagesOptions) printImage(on *screen.Screen, document tagboat.ImagesDocument) {
	switch {
	case o.backtest != "":
		screen.Backtest(on, document)
	case o.why:
		screen.Why(on, document, o.limit)
	default:
		screen.Versions(on, document)
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
