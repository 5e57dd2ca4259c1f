package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/pinning"
)

type holdOptions struct {
	targets
	images  []string
	until   when
	message string
	dryRun  bool

	automation bool
}

func newHold(f *frame) *cobra.Command {
	o := holdOptions{targets: targets{changing: "hold"}}
	cmd := &cobra.Command{
		Use:   "hold --env ENV [IMAGE...]",
		Short: "Stop automation from pinning and deploying; people can still act",
		Long: "What runs with --automation (or TAGBOAT_AUTOMATION=true) neither pins an image that is\n" +
			"held nor deploys a service that runs it, and ends with exit code 8. Without an image,\n" +
			"all of the environment is held. A rollback holds what it brought back.",
		Example: "  tagboat hold --env prod -m 'the sale goes on' --until 2026-11-30\n  tagboat hold --env prod api --until 2h",
		GroupID: "truth",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.images = args
			return runHold(cmd.Context(), f, o, (*pinning.Holds).Hold)
		},
	}
	o.flags(cmd)
	cmd.Flags().Var(&o.until, "until", "when it ends, as a time or a duration: 2026-01-02T10:30:00Z, 2h (default never)")
	return cmd
}

func newUnhold(f *frame) *cobra.Command {
	o := holdOptions{targets: targets{changing: "unhold"}}
	cmd := &cobra.Command{
		Use:     "unhold --env ENV [IMAGE...]",
		Short:   "Lift holds, so that automation may act again",
		Long:    "Lifts the holds on images, or all holds of the environment. A version that a rollback\nrejected stays rejected for automation until somebody pins it by hand.",
		Example: "  tagboat unhold --env prod api",
		GroupID: "truth",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.images = args
			return runHold(cmd.Context(), f, o, (*pinning.Holds).Unhold)
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *holdOptions) flags(cmd *cobra.Command) {
	o.targets.flags(cmd)
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "the reason, for those who find the hold and for the history")
	automationFlag(cmd, &o.automation)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be held and write nothing")
}

func runHold(ctx context.Context, f *frame, o holdOptions, run func(*pinning.Holds, context.Context, pinning.HoldRequest) (tagboat.HoldsDocument, error)) error {
	request := pinning.HoldRequest{
		Images: named[tagboat.ImageName](o.images), Until: o.until.When, Message: o.message, Automation: o.automation, DryRun: o.dryRun,
	}
	request.Until.Ago = -request.Until.Ago
	return perEnvironment(ctx, f, o.targets, func(a *app.App, env tagboat.EnvName) (tagboat.HoldsDocument, error) {
		request.Environment = env
		return run(a.Pinning.Holds, ctx, request)
	}, o.printHolds)
}

func (o holdOptions) printHolds(f *frame, document tagboat.HoldsDocument) {
	if len(document.Holds) == 0 {
		f.Talkf("nothing is held in %s\n", document.Environment)
	} else {
		holdsTable(document.Holds).Print(f.Streams)
	}
	if o.dryRun {
		f.Talkf("nothing was written (--dry-run)\n")
	}
}

func holdsTable(holds []tagboat.HeldImage) *console.Table {
	table := console.NewTable("HELD", "SINCE", "UNTIL", "BY", "WHY")
	for _, h := range holds {
		name := string(h.Image)
		if h.Image == ledger.AllImages {
			name = "all images"
		}
		table.Row(console.Cell{Text: name, Style: console.Strong}, console.Text(moment(h.Since)), console.Text(moment(h.Until)),
			console.Text(dash(who(h.By))), console.Text(h.Reason))
	}
	return table
}
