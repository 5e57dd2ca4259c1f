package cli

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/pinning"
)

type pinOptions struct {
	targets
	images     []string
	all        bool
	message    string
	allowOlder bool
	automation bool
	yes        bool
	dryRun     bool
}

func newPin(f *frame) *cobra.Command {
	o := pinOptions{targets: targets{changing: "pin"}}
	cmd := &cobra.Command{
		Use:     "pin IMAGE[=TAG|@DIGEST]...|--all --env ENV",
		Short:   "Say which version of an image should run in an environment",
		Long:    "Resolves each version to its digest in the registry (the index's, where there is one)\nand writes it to the environment's parameter. Without a version, the image's\nselection rule in tagboat.yaml chooses. Where the rule sees a step back, or the task\ndefinition runs another platform, nothing is written.",
		Example: "  tagboat pin api=1.4.2 --env dev\n  tagboat pin api=1.4.2 proxy@sha256:… --env prod -m 'release 12'\n  tagboat pin --all --env dev",
		GroupID: "truth",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.images = args
			return runPin(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "why, for the history")
	cmd.Flags().BoolVar(&o.all, "all", false, "pin what the rule of each image chooses")
	cmd.Flags().BoolVar(&o.allowOlder, "allow-older", false, "let a version be older than the one that is pinned; the history says so")
	automationFlag(cmd, &o.automation)
	yesFlag(cmd, &o.yes)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "resolve and check, and write nothing")
	return cmd
}

func runPin(ctx context.Context, f *frame, o pinOptions) error {
	if o.all == (len(o.images) > 0) {
		return tagboat.Usagef("pin needs images, or --all").WithHint("tagboat pin IMAGE --env ENV, or tagboat pin --all --env ENV")
	}
	request := pinning.Request{
		All: o.all, Message: o.message, AllowOlder: o.allowOlder, Automation: o.automation, DryRun: o.dryRun,
	}
	if o.automation && o.allowOlder {
		return noWayBack()
	}
	for _, arg := range o.images {
		wanted, err := parseImageArg(arg)
		if err != nil {
			return err
		}
		request.Images = append(request.Images, wanted)
	}
	a, names, err := o.chosen(ctx, f)
	if err != nil {
		return err
	}
	prepared, err := a.Pinning.Prepare(ctx, request, names)
	if err != nil {
		return err
	}
	q := question{command: "pin", yes: o.yes || o.dryRun, automation: o.automation, changes: repinned(prepared.Changes())}
	if err := f.confirm(ctx, a, q); err != nil {
		return err
	}
	results, err := a.Pinning.Commit(ctx, prepared)
	if len(results) == 0 {
		return err
	}
	return errors.Join(err, f.showPinned(results, o, err == nil))
}

// showPinned shows what is pinned now, and what to do next where all went well.
func (f *frame) showPinned(results []pinning.Result, o pinOptions, well bool) error {
	names, documents := make([]tagboat.EnvName, len(results)), make([]tagboat.PinsDocument, len(results))
	of := map[tagboat.EnvName]pinning.Result{}
	for i, result := range results {
		names[i], documents[i] = result.Document.Environment, result.Document
		of[names[i]] = result
	}
	return showEach(f, names, documents, func(f *frame, document tagboat.PinsDocument) {
		printPinned(f, document.Pins)
		if well {
			tellPinned(f, of[document.Environment], o)
		}
	})
}

// printPinned prints what is pinned now, and where.
func printPinned(f *frame, pins []tagboat.Pin) {
	table := console.NewTable("IMAGE", "TAG", "DIGEST", "REPOSITORY", "PARAMETER", "VERSION")
	for _, pin := range pins {
		table.Row(console.Cell{Text: string(pin.Image), Style: console.Strong}, console.Text(dash(pin.Tag)),
			console.Text(pin.Digest.Short()), console.Text(pin.Repository),
			console.Text(pin.Parameter), console.Text(strconv.FormatInt(pin.ParameterVersion, 10)))
	}
	table.Print(f.Streams)
}

func tellPinned(f *frame, result pinning.Result, o pinOptions) {
	for _, pin := range result.Document.Pins {
		if why := result.Reasons[pin.Image]; why != "" {
			f.Talkf("%s: %s was chosen by its rule: %s\n", pin.Image, pin.Reference().Readable(), why)
		}
	}
	switch {
	case o.dryRun:
		f.Talkf("nothing was written (--dry-run)\n")
	case !result.Changed:
		f.Talkf("already pinned, nothing was written\n")
	default:
		f.Talkf("%s to roll the services: tagboat deploy --env %s\n", f.OnErr(console.Good, "pinned;"), result.Document.Environment)
	}
}
