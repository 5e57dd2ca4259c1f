package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/delivery"
)

type continueOptions struct {
	selection
	services []string
	rollback bool
}

func newContinue(f *frame) *cobra.Command {
	var o continueOptions
	cmd := &cobra.Command{
		Use:     "continue --env ENV SERVICE...",
		Short:   "Let a deployment go on that waits in a pause hook",
		Long:    "A deployment with a PAUSE lifecycle hook waits for somebody to look. continue lets it\ngo on to its next stage; with --rollback it goes back to what ran before.",
		Example: "  tagboat continue --env prod api\n  tagboat continue --env prod api --rollback",
		GroupID: "deploy",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.services = args
			return runContinue(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.rollback, "rollback", false, "go back to what ran before instead")
	return cmd
}

func runContinue(ctx context.Context, f *frame, o continueOptions) error {
	if len(o.environments) == 0 && o.stage == "" {
		return tagboat.Usagef("continue needs an environment").WithHint("tagboat continue --env ENV %s", o.services[0])
	}
	selected, err := o.with(o.services)
	if err != nil {
		return err
	}
	a, err := f.open(ctx)
	if err != nil {
		return err
	}
	continued, err := a.Delivery.Continue(ctx, selected, o.rollback)
	if err != nil {
		return err
	}
	if f.json() {
		return f.JSON(struct {
			Continued []delivery.Continued `json:"continued"`
		}{continued})
	}
	for _, c := range continued {
		f.Printf("%s/%s goes %s from %s\n", c.Environment, c.Service, map[bool]string{false: "on", true: "back"}[o.rollback], c.Stage)
	}
	return nil
}
