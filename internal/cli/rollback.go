package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/process"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
)

type rollbackOptions struct {
	targets
	message     string
	to          when
	automation  bool
	yes         bool
	dryRun      bool
	timeout     time.Duration
	maxParallel int
}

func newRollback(f *frame) *cobra.Command {
	o := rollbackOptions{targets: targets{changing: screen.RollbackCommand}}
	cmd := &cobra.Command{
		Use:   "rollback --env ENV [--to TIME] [SERVICE...]",
		Short: "Go back to the last good version, in pins and task definitions",
		Long: "Without services, undoes the last deployment of each environment, in the services that\n" +
			"it changed. Finds the last good version of each in ECS's history, pins it, and deploys\n" +
			"the same revision. Skips a service that has nothing to go back to; the exit code is then\n" +
			"1. If a deployment was rolled back, so that the pins are ahead of what runs, only pins\n" +
			"what runs. Never takes a version or revision that was rolled back before. Holds what it\n" +
			"changes, so that automation leaves it alone: tagboat unhold lifts the hold.",
		Example: "  tagboat rollback --env prod api -m 'checkout is broken'\n  tagboat rollback --env prod --to 2026-01-02T10:30:00Z --dry-run",
		GroupID: "deploy",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.services = args
			return runRollback(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().Var(&o.to, "to", "go back to what ran at a time, given as a time or an age: 2026-01-02T10:30:00Z, 3h")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what it would do and change nothing")
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
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	back, err := a.Rollbacks.Plan(ctx, delivery.RollbackRequest{Selection: selected, To: o.to.When, Automation: o.automation})
	if err != nil {
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
	return goBack(ctx, f, a, back, o)
}

func goBack(ctx context.Context, f *frame, a *app.App, back *delivery.Rollback, o rollbackOptions) error {
	progress := screen.NewProgress(f.Screen, back.Len())
	document, err := a.Rollbacks.Do(process.Outlasting(ctx), back, o.message, rollout.Options{
		Wait: true, Timeout: o.timeout, MaxParallel: o.maxParallel, Progress: progress,
	})
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
