package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/process"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/promotion"
)

type rollbackOptions struct {
	targets
	message     string
	to          backTo
	automation  bool
	yes         bool
	dryRun      bool
	timeout     time.Duration
	maxParallel int
}

func newRollback(f *frame) *cobra.Command {
	o := rollbackOptions{targets: targets{changing: screen.RollbackCommand, fromReleases: true}}
	cmd := &cobra.Command{
		Use:   "rollback --env ENV [--to TIME|RELEASE] [SERVICE...]",
		Short: "Go back to an earlier release, or to the last good version",
		Long: "Without services, an environment goes back to the last good release that it had before:\n" +
			"all versions, templates and variables of that release. --to RELEASE names another one; what\n" +
			"reads as a time or an age, such as 3h, is one. With --to TIME the services run again what\n" +
			"they ran then. A promotion that is under way is ended.\n\n" +
			"Where an environment has had no other release, or something else was deployed since it got\n" +
			"the one that it has, undoes the last deployment, in the services that it changed. Finds the\n" +
			"last good version of each in ECS's history, pins it, and deploys the same revision. Skips a\n" +
			"service that has nothing to go back to; the exit code is then 1.\n\n" +
			"If a deployment was rolled back, so that the pins are ahead of what runs, only pins\n" +
			"what runs. Never takes a version or revision that was rolled back before. Holds what it\n" +
			"changes, so that automation leaves it alone: tagboat unhold lifts the hold.",
		Example: "  tagboat rollback --env prod api -m 'checkout is broken'\n  tagboat rollback --env prod --to 2026-01-02T10:30:00Z --dry-run\n  tagboat rollback --env prod --to 16 -m 'checkout is broken'",
		GroupID: "deploy",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.services = args
			return runRollback(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().Var(&o.to, "to", "go back to what ran at a time, given as a time or an age (2026-01-02T10:30:00Z, 3h), or to a release")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what it would do and change nothing")
	allowFlag(cmd, &o.allow)
	cmd.Flags().DurationVar(&o.timeout, "timeout", 30*time.Minute, "stop watching after this long; the rollout continues")
	cmd.Flags().IntVar(&o.maxParallel, "max-parallel", rollout.DefaultParallel, "services that roll at the same time in one account and region")
	automationFlag(cmd, &o.automation)
	yesFlag(cmd, &o.yes)
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "the reason, for the history")
	return cmd
}

func runRollback(ctx context.Context, f *frame, o rollbackOptions) error {
	if o.maxParallel < 1 || o.timeout <= 0 {
		return tagboat.Usagef("--max-parallel and --timeout must be positive")
	}
	if o.to.release != "" && len(o.services) > 0 {
		return tagboat.Usagef("a release is of all services: --to %s takes none by name", o.to.release).
			WithHint("leave the services out; a service alone goes back by a time: tagboat rollback --env ENV --to TIME SERVICE")
	}
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	if o.to.When == (access.When{}) && len(o.services) == 0 {
		err := releaseBack(ctx, f, a, selected, o)
		if !errors.Is(err, promotion.ErrNoneEarlier) {
			return err
		}
	}
	r, err := a.Promotions.Past(ctx, delivery.RollbackRequest{Selection: selected, To: o.to.When, Automation: o.automation})
	if err != nil {
		return err
	}
	back, err := a.Rollbacks.Plan(ctx, r)
	if err != nil {
		return err
	}
	if err := promotion.MayLeave(back, r); err != nil {
		return err
	}
	document := back.Document()
	f.Warn(document.Warnings)
	if err := screen.Problems(document.Problems); err != nil {
		return err
	}
	if o.dryRun {
		return show(f, document, func(on *screen.Screen, document tagboat.PlanDocument) {
			screen.Back(on, document.Back)
			screen.Plan(on, document)
		})
	}
	q := screen.Question{Command: screen.RollbackCommand, Yes: o.yes, Automation: o.automation, Changes: screen.Returning(document.Back)}
	if err := q.Ask(ctx, f.Screen, a.Config); err != nil {
		return err
	}
	return goBack(ctx, f, a, back, r, o)
}

// releaseBack goes back by release. The error wraps promotion.ErrNoneEarlier where there is none
// to go back to.
func releaseBack(ctx context.Context, f *frame, a *app.App, selected fleet.Selection, o rollbackOptions) error {
	set, err := a.Promotions.Plan(ctx, promotion.Request{
		Selection: selected, Release: o.to.release, Message: o.message, Automation: o.automation, Back: true, DryRun: o.dryRun,
	})
	if ctx.Err() != nil {
		return tagboat.Errorf(tagboat.Interrupted, "interrupted while it was planned: nothing was changed")
	}
	if err != nil {
		return err
	}
	document := set.Document()
	if o.dryRun {
		return screen.ReleaseBack(f.Screen, document)
	}
	q := screen.Question{Command: screen.RollbackCommand, Yes: o.yes, Automation: o.automation, Changes: screen.Promoted(document)}
	if err := q.Ask(ctx, f.Screen, a.Config); err != nil {
		return err
	}
	progress := screen.NewProgress(f.Screen, set.Len())
	done, err := a.Promotions.Do(process.Outlasting(ctx), set, o.rollout(progress))
	progress.Done()
	if err != nil {
		return err
	}
	return screen.Promotions(f.Screen, screen.RollbackCommand, done)
}

func (o rollbackOptions) rollout(progress rollout.Progress) rollout.Options {
	return rollout.Options{Wait: true, Timeout: o.timeout, MaxParallel: o.maxParallel, Progress: progress}
}

func goBack(ctx context.Context, f *frame, a *app.App, back *delivery.Rollback, r delivery.RollbackRequest, o rollbackOptions) error {
	progress := screen.NewProgress(f.Screen, back.Len())
	document, err := a.Promotions.RollBack(process.Outlasting(ctx), a.Rollbacks, back, r, o.message, o.rollout(progress))
	progress.Done()
	if err != nil {
		return err
	}
	err = screen.Deployments(f.Screen, screen.RollbackCommand, document, true)
	if err == nil && slices.ContainsFunc(document.Deployments, func(d tagboat.Deployment) bool { return d.Verdict == tagboat.VerdictSkipped }) {
		return screen.Shown(tagboat.Errorf(tagboat.Internal, "not every service went back"))
	}
	return err
}

// backTo is a flag that takes a time, an age, or else a release.
type backTo struct {
	when
	release string
}

// Set implements pflag.Value. A name has a number in it, and the beginning of an id is hexadecimal.
func (b *backTo) Set(text string) error {
	err := b.when.Set(text)
	if err != nil && !strings.ContainsAny(text, "0123456789") && strings.Trim(text, "abcdef") != "" {
		return fmt.Errorf("%w; or name a release", err)
	}
	if err != nil {
		b.release = text
	}
	return nil
}

// Type implements pflag.Value.
func (b *backTo) Type() string { return "time or release" }

func newCheckRollbacks(f *frame) *cobra.Command {
	t, last := targets{fromReleases: true}, 0
	cmd := &cobra.Command{
		Use:   "check-rollbacks",
		Short: "Check that the last releases of environments could still be deployed",
		Long: "For each environment, takes the last good releases that it has had, and checks that each\n" +
			"could be deployed there now: the release's artifact, every image in the environment's\n" +
			"registry, log groups, target groups, secrets and parameters. Changes nothing. The exit code\n" +
			"is 1 if one could not be deployed, or an environment could not be looked at.",
		Example: "  tagboat check-rollbacks --last 3\n  tagboat check-rollbacks --env prod -o json",
		GroupID: "truth",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if last < 1 || last > ledger.TrailKept {
				return tagboat.Usagef("--last takes 1 to %d: that is what environments remember", ledger.TrailKept)
			}
			a, selected, err := t.open(cmd.Context(), f)
			if err != nil {
				return err
			}
			document, err := a.Promotions.CheckRollbacks(cmd.Context(), selected, last)
			if err != nil {
				return err
			}
			return screen.Rollbacks(f.Screen, document)
		},
	}
	t.flags(cmd)
	cmd.Flags().IntVar(&last, "last", 5, "how many releases of each environment")
	return cmd
}
