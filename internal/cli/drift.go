package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cli/screen"
)

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
