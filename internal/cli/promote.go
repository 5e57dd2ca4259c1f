package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/promotion"
)

type promoteOptions struct {
	targets
	release     string
	message     string
	plan        string
	abort       bool
	breakGlass  bool
	automation  bool
	yes         bool
	dryRun      bool
	timeout     time.Duration
	maxParallel int
}

func newPromote(f *frame) *cobra.Command {
	o := promoteOptions{targets: targets{fromReleases: true}}
	cmd := &cobra.Command{
		Use:   "promote [RELEASE] --to STAGE|--env ENV",
		Short: "Bring a release to a stage, for every tenant",
		Long: "Asks the gates of each environment, pins all versions of the release there, and deploys\n" +
			"them with the templates and variables that the release has. Each environment goes at its\n" +
			"own pace. Where a deployment fails, the environment goes back to what it had.\n\n" +
			"RELEASE is a name, an id, or the beginning of an id. Without one, each environment gets\n" +
			"what the stage before it has, and with auto: newest a release of the newest versions.\n\n" +
			"With --dry-run it is a checklist: each gate, passed or why not, who can unblock it, and\n" +
			"when it opens. --plan HASH does exactly what a dry run showed, or nothing.\n\n" +
			"A promotion whose process was lost is taken up by the same command, and ended by --abort,\n" +
			"which pins again what was pinned before.",
		Example: "  tagboat promote --to staging\n  tagboat promote 17 --to prod --dry-run\n  tagboat promote 17 --to prod --tenant mb\n  tagboat promote 17 --env prod --break-glass -m 'checkout is down'\n  tagboat promote --abort --env prod",
		GroupID: "deploy", Annotations: map[string]string{inMarkdown: ""},
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.release = args[0]
			}
			return runPromote(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVar(&o.stage, "to", "", "the stage: all its environments, every tenant's")
	cmd.Flags().StringSliceVarP(&o.environments, "env", "e", nil, "environments, by name: repeated, or with commas")
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "only the environments of a tenant")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show the checklist and change nothing")
	allowFlag(cmd, &o.allow)
	cmd.Flags().StringVar(&o.plan, "plan", "", "the hash that a dry run printed: do that, or nothing")
	cmd.Flags().BoolVar(&o.abort, "abort", false, "end the promotion that is under way or waits")
	cmd.Flags().BoolVar(&o.breakGlass, "break-glass", false, "override the gates that can be overridden; requires -m, and a right of its own")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 30*time.Minute, "stop watching after this long; the rollout continues")
	cmd.Flags().IntVar(&o.maxParallel, "max-parallel", rollout.DefaultParallel, "services that roll at the same time in one account and region")
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "the reason, for the history")
	automationFlag(cmd, &o.automation)
	yesFlag(cmd, &o.yes)
	return cmd
}

// check refuses what makes no sense together.
func (o promoteOptions) check() error {
	switch {
	case o.maxParallel < 1 || o.timeout <= 0:
		return tagboat.Usagef("--max-parallel and --timeout must be positive")
	case o.stage == "" && len(o.environments) == 0:
		return tagboat.Usagef("promote needs a stage or environments").WithHint("tagboat promote RELEASE --to STAGE, or --env ENV")
	case o.abort && (o.release != "" || o.dryRun || o.plan != "" || o.breakGlass):
		return tagboat.Usagef("--abort ends whatever promotion there is, and takes only environments and a message").WithHint("tagboat promote --abort --env ENV")
	case o.dryRun && o.plan != "":
		return tagboat.Usagef("--dry-run shows a plan, and --plan carries one out").WithHint("leave out one of both")
	}
	return mayBreakGlass(o.breakGlass, o.automation, o.message)
}

// typed returns the command as it was typed, but for what differs between showing a plan and
// carrying it out.
func (o promoteOptions) typed() string {
	parts := []string{"tagboat promote"}
	if o.release != "" {
		parts = append(parts, o.release)
	}
	for _, flag := range []struct{ name, value string }{{"--to", o.stage}, {"--env", strings.Join(o.environments, ",")}, {"--tenant", o.tenant}, {"--allow", strings.Join(o.allow, ",")}} {
		if flag.value != "" {
			parts = append(parts, flag.name, flag.value)
		}
	}
	if o.automation {
		parts = append(parts, "--automation")
	}
	if o.breakGlass {
		parts = append(parts, "--break-glass -m WHY")
	}
	return strings.Join(parts, " ")
}

// open is that of targets, where environments narrow a stage or a tenant.
func (o promoteOptions) open(ctx context.Context, f *frame) (*app.App, fleet.Selection, error) {
	if len(o.environments) == 0 {
		return o.targets.open(ctx, f)
	}
	a, selected, err := targets{environments: o.environments, allow: o.allow}.open(ctx, f)
	if err != nil {
		return nil, selected, err
	}
	environments, err := a.Fleet.Environments(selected)
	for _, env := range environments {
		if o.stage != "" && string(env.Stage) != o.stage {
			return nil, selected, tagboat.Usagef("environment %s is of stage %s, and not of %s", env.Name, env.Stage, o.stage).WithHint("leave out --to or --env")
		}
		if o.tenant != "" && env.Tenant != o.tenant {
			return nil, selected, tagboat.Usagef("environment %s is not of tenant %s", env.Name, o.tenant).WithHint("leave out --tenant or --env")
		}
	}
	return a, selected, err
}

func runPromote(ctx context.Context, f *frame, o promoteOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if f.AsMarkdown() && !o.dryRun {
		return tagboat.Usagef("-o markdown is for what would be done").WithHint("add --dry-run, or leave -o markdown out")
	}
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	if o.abort {
		return abortPromotion(ctx, f, a, selected, o)
	}
	set, err := a.Promotions.Plan(ctx, promotion.Request{
		Selection: selected, Release: o.release, Message: o.message, Automation: o.automation, BreakGlass: o.breakGlass, DryRun: o.dryRun,
	})
	if ctx.Err() != nil {
		return tagboat.Errorf(tagboat.Interrupted, "interrupted while it was planned: nothing was changed")
	}
	if err != nil {
		return err
	}
	document := set.Document()
	if o.dryRun {
		return screen.Checklist(f.Screen, document, o.typed())
	}
	if o.plan != "" {
		if err := set.Same(o.plan); err != nil && tagboat.KindOf(err) == tagboat.Blocked {
			return tagboat.Errorf(tagboat.Blocked, "%w", err).WithHint("review it again: %s --dry-run", o.typed())
		} else if err != nil {
			return err
		}
	}
	q := screen.Question{Command: "promote", Yes: o.yes, Automation: o.automation, Changes: screen.Promoted(document)}
	if err := q.Ask(ctx, f.Screen, a.Config); err != nil {
		return err
	}
	progress := screen.NewProgress(f.Screen, set.Len())
	done, err := a.Promotions.Do(ctx, set, rollout.Options{Wait: true, Timeout: o.timeout, MaxParallel: o.maxParallel, Progress: progress})
	progress.Done()
	if err != nil {
		return err
	}
	return screen.Promotions(f.Screen, "promote", done)
}

func abortPromotion(ctx context.Context, f *frame, a *app.App, selected fleet.Selection, o promoteOptions) error {
	results, err := a.Promotions.Abort(ctx, selected, o.message)
	if len(results) == 0 {
		return err
	}
	document := tagboat.PromotionDocument{Stage: selected.Stage, Promotions: results}
	if shown := screen.Promotions(f.Screen, "promote", document); err == nil {
		err = shown
	}
	return err
}
