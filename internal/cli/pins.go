package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/pinning/adopt"
)

type pinsOptions struct {
	targets
	asOf    when
	restore bool
	brief   bool
	images  []string // to restore
	imports importOptions

	automation bool // with --restore and --import
}

func newPins(f *frame) *cobra.Command {
	var o pinsOptions
	cmd := &cobra.Command{
		Use:   "pins --env ENV [--as-of TIME] | pins --env ENV --restore [IMAGE...] | pins --import PATH [--env ENV]",
		Short: "Show which versions should run in an environment, or adopt parameters that exist",
		Long: "Shows the pins of the ledger, or with --as-of those of an earlier time: from the versions\n" +
			"of its parameters, and before those from the journal. --restore\n" +
			"undoes writes past Tagboat that put back what was there before. --import adopts parameters that others wrote, one or all\n" +
			"below a path: their keys are matched with images by name or repository, and their\n" +
			"tags are pinned by digest in the ledger's layout and form. Keys that stand for no\n" +
			"image are listed, with the lines of tagboat.yaml that would cover them.",
		Example: "  tagboat pins --env prod\n  tagboat pins --env prod --as-of 2026-01-02T10:30:00Z\n  tagboat pins --import /containers/prod --env prod --dry-run",
		GroupID: "truth",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.images = args
			if len(args) > 0 && !o.restore {
				return tagboat.Usagef("pins takes images with --restore only").WithHint("tagboat pins --env ENV shows all of them")
			}
			if o.imports.path != "" {
				return runImport(cmd.Context(), f, o)
			}
			return runPins(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.everywhere, "all-environments", false, "with --restore: in every environment of the file")
	cmd.Flags().Var(&o.asOf, "as-of", "show the pins of a time, given as a time or an age: 2026-01-02T10:30:00Z, 3h")
	cmd.Flags().BoolVar(&o.brief, "brief", false, "leave out who set the pins, when and why, and so the call for each parameter")
	cmd.Flags().BoolVar(&o.restore, "restore", false, "pin again what a writer other than Tagboat overwrote")
	automationFlag(cmd, &o.automation)
	o.imports.flags(cmd)
	return cmd
}

func runPins(ctx context.Context, f *frame, o pinsOptions) error {
	if o.restore {
		return runRestore(ctx, f, o)
	}
	if err := o.imports.unused(); err != nil {
		return err
	}
	if o.automation && f.Getenv("TAGBOAT_AUTOMATION") == "" {
		return tagboat.Usagef("--automation means nothing to pins, which changes nothing without --restore or --import").WithHint("leave it out")
	}
	if o.brief && o.asOf.text != "" {
		return tagboat.Usagef("--brief reads no history, and --as-of does nothing else").WithHint("leave one of them out")
	}
	var unread []tagboat.EnvironmentError
	err := perEnvironment(ctx, f, o.targets, func(a *app.App, env tagboat.EnvName) (tagboat.PinsDocument, error) {
		document, err := o.ask(ctx, a, env)
		if err != nil && (ctx.Err() != nil || tagboat.KindOf(err) == tagboat.Usage) {
			return document, err
		}
		if err != nil {
			document.Environment, document.Pins = env, []tagboat.Pin{}
			document.Errors = append(document.Errors, fleet.Document([]fleet.Unread{{Environment: env, Err: err}})...)
		}
		unread = append(unread, document.Errors...)
		return document, nil
	}, func(on *screen.Screen, document tagboat.PinsDocument) { screen.Pins(on, document, o.brief) })
	if err != nil {
		return err
	}
	return f.Incomplete(unread)
}

func (o pinsOptions) ask(ctx context.Context, a *app.App, env tagboat.EnvName) (tagboat.PinsDocument, error) {
	if o.asOf.text != "" {
		return a.History.PinsAsOf(ctx, env, o.asOf.When)
	}
	return a.Pinning.Pins(ctx, pinning.PinsRequest{Environment: env, Brief: o.brief})
}

func runRestore(ctx context.Context, f *frame, o pinsOptions) error {
	if o.asOf.text != "" {
		return tagboat.Usagef("--restore brings back what was overwritten, and does not go with --as-of").
			WithHint("tagboat pins --restore --dry-run shows what it would bring back")
	}
	o.changing = "pins --restore"
	if o.imports.dryRun {
		o.changing = ""
	}
	return perEnvironment(ctx, f, o.targets, func(a *app.App, env tagboat.EnvName) (tagboat.PinsDocument, error) {
		result, err := a.Pinning.Restore(ctx, pinning.RestoreRequest{
			Environment: env, Images: named[tagboat.ImageName](o.images),
			Message: o.imports.message, Automation: o.automation, DryRun: o.imports.dryRun,
		})
		return result.Document, err
	}, o.printRestored)
}

func (o pinsOptions) printRestored(on *screen.Screen, document tagboat.PinsDocument) {
	if len(document.Pins) == 0 {
		on.Talkf("nothing was overwritten in %s, nothing was written\n", document.Environment)
		return
	}
	screen.Pinned(on, document.Pins)
	if o.imports.dryRun {
		on.Talkf("nothing was written (--dry-run)\n")
		return
	}
	on.Talkf("%s to roll the services: tagboat deploy --env %s\n", on.OnErr(console.Good, "restored;"), document.Environment)
}

type importOptions struct {
	path    string
	message string
	dryRun  bool
}

func (o *importOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.path, "import", "", "adopt this parameter and all below it")
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "with --import and --restore: why, for the history")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "with --import or --restore: show what would be pinned, write nothing")
}

// unused makes sure that no option was given that only --import has.
func (o *importOptions) unused() error {
	if o.message != "" || o.dryRun {
		return tagboat.Usagef("pins reads, and has nothing to say why or to do dry").WithHint("--message and --dry-run go with --import PATH")
	}
	return nil
}

func runImport(ctx context.Context, f *frame, o pinsOptions) error {
	if len(o.environments) > 1 || o.stage != "" || o.tenant != "" {
		return tagboat.Usagef("--import adopts the parameters of one environment, or of all where their names say whose they are").
			WithHint("tagboat pins --import %s --env ENV, or leave --env, --stage and --tenant out", o.imports.path)
	}
	var environment tagboat.EnvName
	if len(o.environments) == 1 {
		environment = tagboat.EnvName(o.environments[0])
	}
	return answer(ctx, f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.ImportDocument, error) {
		return a.Adoption.Import(ctx, adopt.Request{
			Path: o.imports.path, Environment: environment, Message: o.imports.message,
			Automation: o.automation, DryRun: o.imports.dryRun,
		})
	}, func(on *screen.Screen, document tagboat.ImportDocument) {
		screen.Imported(on, document)
		o.imports.tellImported(f, document)
	})
}

func (o importOptions) tellImported(f *frame, document tagboat.ImportDocument) {
	for _, u := range document.Uncovered {
		f.Talkf("%s in %s matches no image (%s)\n", u.Key, u.Parameter, u.Value)
	}
	if document.Proposal != "" {
		f.Talkf("these lines of %s would cover them; import again after that\n", f.config)
	}
	switch {
	case o.dryRun:
		f.Talkf("nothing was written (--dry-run)\n")
	case len(document.Imported) == 0:
		f.Talkf("nothing was written: no key stands for an image\n")
	case !document.Changed:
		f.Talkf("the ledger has all of them already, nothing was written\n")
	default:
		f.Talkf("%s to see what they would change: tagboat plan\n", f.OnErr(console.Good, "adopted;"))
	}
}

type holdOptions struct {
	targets
	images  []string
	all     bool // applications, in all accounts
	until   when
	message string
	dryRun  bool

	automation bool
}

func newHold(f *frame) *cobra.Command {
	o := holdOptions{targets: targets{changing: "hold"}}
	cmd := &cobra.Command{
		Use:   "hold --env ENV [IMAGE...] | hold --all --until TIME -m WHY",
		Short: "Stop automation from pinning and deploying; people can still act",
		Long: "What runs with --automation (or TAGBOAT_AUTOMATION=true) neither pins an image that is\n" +
			"held nor deploys a service that runs it, and ends with exit code 8. Without an image,\n" +
			"all of the environment is held. A rollback holds what it brought back. --all freezes all\n" +
			"applications in all accounts, by one parameter that every Tagboat reads: automation then\n" +
			"changes nothing, except by going back.",
		Example: "  tagboat hold --env prod -m 'the sale goes on' --until 2026-11-30\n  tagboat hold --env prod api --until 2h\n  tagboat hold --all --until 2026-11-30 -m 'the sale'",
		GroupID: "truth",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.images = args
			if o.all && o.message == "" {
				return tagboat.Usagef("hold --all requires the reason, which everybody who is stopped reads").WithHint("add -m WHY")
			}
			if o.all {
				return runFreeze(cmd.Context(), f, o, (*pinning.Holds).HoldAll)
			}
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
		Use:     "unhold --env ENV [IMAGE...] | unhold --all",
		Short:   "Lift holds, so that automation may act again",
		Long:    "Lifts the holds on images, or all holds of the environment. A version that a rollback\nrejected stays rejected for automation until somebody pins it by hand. --all ends the freeze of\nall applications, and no other hold.",
		Example: "  tagboat unhold --env prod api",
		GroupID: "truth",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.images = args
			if o.all {
				return runFreeze(cmd.Context(), f, o, (*pinning.Holds).UnholdAll)
			}
			return runHold(cmd.Context(), f, o, (*pinning.Holds).Unhold)
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *holdOptions) flags(cmd *cobra.Command) {
	o.targets.flags(cmd)
	cmd.Flags().BoolVar(&o.all, "all", false, "all applications in all accounts")
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "the reason, for those who find the hold and for the history")
	automationFlag(cmd, &o.automation)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be held and write nothing")
}

// runFreeze freezes everything, or ends that.
func runFreeze(ctx context.Context, f *frame, o holdOptions, run func(*pinning.Holds, context.Context, pinning.HoldRequest) (tagboat.HoldsDocument, error)) error {
	if len(o.images)+len(o.environments) > 0 || o.stage != "" || o.tenant != "" || o.everywhere {
		return tagboat.Usagef("--all is about all applications in all accounts, and leaves nothing to choose").
			WithHint("leave it out, or leave out images, --env, --stage, --tenant and --all-environments")
	}
	a, err := f.open(ctx)
	if err != nil {
		return err
	}
	document, err := run(a.Pinning.Holds, ctx, o.request())
	if err != nil {
		return err
	}
	return show(f, document, func(on *screen.Screen, document tagboat.HoldsDocument) {
		if len(document.Holds) == 0 {
			on.Talkf("nothing is frozen\n")
		} else {
			screen.Holds(on, document.Holds)
		}
		if o.dryRun {
			on.Talkf("nothing was written (--dry-run)\n")
		}
	})
}

func (o holdOptions) request() pinning.HoldRequest {
	request := pinning.HoldRequest{
		Images: named[tagboat.ImageName](o.images), Until: o.until.When, Message: o.message, Automation: o.automation, DryRun: o.dryRun,
	}
	request.Until.Ago = -request.Until.Ago
	return request
}

func runHold(ctx context.Context, f *frame, o holdOptions, run func(*pinning.Holds, context.Context, pinning.HoldRequest) (tagboat.HoldsDocument, error)) error {
	request := o.request()
	return perEnvironment(ctx, f, o.targets, func(a *app.App, env tagboat.EnvName) (tagboat.HoldsDocument, error) {
		request.Environment = env
		return run(a.Pinning.Holds, ctx, request)
	}, o.printHolds)
}

func (o holdOptions) printHolds(on *screen.Screen, document tagboat.HoldsDocument) {
	if len(document.Holds) == 0 {
		on.Talkf("nothing is held in %s\n", document.Environment)
	} else {
		screen.Holds(on, document.Holds)
	}
	if o.dryRun {
		on.Talkf("nothing was written (--dry-run)\n")
	}
}
