package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/wait"
)

type statusOptions struct {
	targets
	watch bool
	asOf  when
}

func newStatus(f *frame) *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status [--env ENV...|--stage STAGE|--tenant TENANT] [SERVICE...]",
		Short: "Show which version of every service runs where, and what is not as it should be",
		Long: "Shows services down and environments across: the version that the main container runs,\n" +
			"and how long ago it was deployed; below that, what needs a person. -o wide shows the\n" +
			"other containers, too. With services named, all that is known of each. What cannot be\n" +
			"read of an environment is said, and the exit code is 1.\n" +
			"--as-of shows an earlier time: pins, releases, and what the journal says of deployments.",
		Example: "  tagboat status\n  tagboat status --stage prod --watch\n  tagboat status api\n  tagboat status -o json",
		GroupID: "deploy",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.services = args
			return runStatus(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", false, "keep it up to date until Ctrl-C")
	cmd.Flags().Var(&o.asOf, "as-of", "show what environments had at a time, given as a time or an age: 2026-01-02T10:30:00Z, 3h")
	return cmd
}

func runStatus(ctx context.Context, f *frame, o statusOptions) error {
	if o.watch && f.AsJSON() {
		return tagboat.Usagef("--watch is for people, and goes with no --output json").WithHint("run tagboat status -o json again and again")
	}
	if o.watch && o.asOf.text != "" {
		return tagboat.Usagef("--as-of shows the past, which does not change: it does not go with --watch").WithHint("leave one of them out")
	}
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	if o.watch {
		return watchStatus(ctx, f, a, selected)
	}
	look := a.View.Status
	if o.asOf.text != "" {
		look = func(ctx context.Context, s fleet.Selection) (tagboat.StatusDocument, error) {
			return a.Trace.AsOf(ctx, s, o.asOf.When)
		}
	}
	document, err := look(ctx, selected)
	if err != nil {
		return err
	}
	write := screen.Services
	if len(o.services) == 0 {
		environments, err := a.Fleet.Environments(selected)
		if err != nil {
			return err
		}
		write = func(on *screen.Screen, document tagboat.StatusDocument) { screen.Matrix(on, environments, document) }
	}
	if err := show(f, document, write); err != nil {
		return err
	}
	return f.IncompleteShown(document.Errors)
}

func newExplain(f *frame) *cobra.Command {
	var o targets
	cmd := &cobra.Command{
		Use:     "explain [--env ENV...|--stage STAGE|--tenant TENANT] [SERVICE...]",
		Short:   "Explain why a service does not run well: causes, evidence, what to change",
		Long:    "Looks at stopped tasks, the health of containers and targets, the service's events\nand settings and the last lines of logs, and says what they mean, most likely cause\nfirst. Without services it takes all that are not well. ECS forgets stopped tasks after\nabout an hour. Changes nothing.",
		Example: "  tagboat explain\n  tagboat explain --env prod api\n  tagboat explain --env prod api -o json",
		GroupID: "deploy",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.services = args
			return runExplain(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	return cmd
}

// explainDocument is what explain prints with -o json.
type explainDocument struct {
	Explanations []delivery.Explanation `json:"explanations"`
}

func runExplain(ctx context.Context, f *frame, o targets) error {
	return answer(ctx, f, o, func(a *app.App, selected fleet.Selection) (explainDocument, error) {
		explained, err := a.View.Explain(ctx, selected)
		return explainDocument{explained}, err
	}, func(on *screen.Screen, document explainDocument) { screen.Explanations(on, document.Explanations) })
}

// The pauses between two looks of status --watch: short while something rolls, as a rollout
// is watched, and long while nothing does.
const (
	watchRolling = 3 * time.Second
	watchSteady  = 15 * time.Second
)

// watchStatus draws the matrix in place, until somebody stops it. Without a terminal each
// service has a line whenever it changes.
func watchStatus(ctx context.Context, f *frame, a *app.App, selected fleet.Selection) error {
	environments, err := a.Fleet.Environments(selected)
	if err != nil {
		return err
	}
	live := f.NewLive(0)
	defer live.Done()
	for {
		document, err := a.View.Status(ctx, selected)
		switch {
		case ctx.Err() != nil:
			return screen.Shown(tagboat.Errorf(tagboat.Interrupted, "interrupted"))
		case err != nil:
			return err
		}
		screen.Draw(f.Screen, live, environments, document)
		if err := wait.For(ctx, pauseAfter(document)); err != nil {
			return screen.Shown(tagboat.Errorf(tagboat.Interrupted, "interrupted"))
		}
	}
}

func pauseAfter(document tagboat.StatusDocument) time.Duration {
	for _, s := range document.Services {
		if s.State == "in-progress" {
			return watchRolling
		}
	}
	return watchSteady
}

type driftOptions struct {
	targets
	predict  bool
	exitCode bool
}

func newDrift(f *frame) *cobra.Command {
	var o driftOptions
	cmd := &cobra.Command{
		Use:   "drift [--env ENV...|--stage STAGE|--tenant TENANT] [SERVICE...]",
		Short: "Show where pins, task definitions, tasks and templates differ, and what the next stack update does",
		Long: "Shows which version is pinned for each container, which the service's task definition\n" +
			"has, which its tasks run, and which the template has of the stack of CloudFormation that\n" +
			"owns the service; below that, who differs from whom, and what the stack's next update\n" +
			"would do. Services without any difference are counted; named services are always shown.\n" +
			"The stack of a service is the one that tagboat.yaml names, or that of the tags which\n" +
			"CloudFormation gives to what it makes. A desired count is never drift.\n" +
			"--predict makes two change sets for each stack, a plain one and one that reverts drift,\n" +
			"reads them, and deletes them. It changes nothing else.",
		Example: "  tagboat drift --env prod\n  tagboat drift --env prod api --predict\n  tagboat drift --exit-code",
		GroupID: "deploy",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.services = append(o.services, args...)
			return runDrift(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringSliceVar(&o.services, "service", nil, "services, by name: repeated, or with commas")
	cmd.Flags().BoolVar(&o.predict, "predict", false, "ask CloudFormation what it would do: make change sets, read them, delete them")
	cmd.Flags().BoolVar(&o.exitCode, "exit-code", false, "exit with 3 where anything differs")
	return cmd
}

func runDrift(ctx context.Context, f *frame, o driftOptions) error {
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	document, err := a.Drift.Report(ctx, selected, o.predict)
	if err != nil {
		return err
	}
	whole := len(o.services) > 0
	if err := show(f, document, func(on *screen.Screen, d tagboat.DriftDocument) { screen.Drift(on, d, whole) }); err != nil {
		return err
	}
	if err := f.IncompleteShown(document.Errors); err != nil {
		return err
	}
	if o.exitCode && document.Drifted() {
		return screen.Shown(tagboat.Errorf(tagboat.Pending, "something differs"))
	}
	return nil
}
