package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
)

type continueOptions struct {
	targets
	rollback   bool
	automation bool
	yes        bool
}

func newContinue(f *frame) *cobra.Command {
	o := continueOptions{targets: targets{changing: "continue"}}
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
	automationFlag(cmd, &o.automation)
	yesFlag(cmd, &o.yes)
	return cmd
}

// continueDocument is what continue prints with -o json.
type continueDocument struct {
	Continued []delivery.Continued `json:"continued"`
}

func runContinue(ctx context.Context, f *frame, o continueOptions) error {
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	if err := o.confirm(ctx, f, a, selected); err != nil {
		return err
	}
	continued, err := a.Delivery.Continue(ctx, delivery.ContinueRequest{Selection: selected, Rollback: o.rollback, Automation: o.automation})
	if err != nil && len(continued) == 0 {
		return err
	}
	return errors.Join(show(f, continueDocument{continued}, o.printContinued), err)
}

// confirm asks for a yes where a stage wants one. What a service waits with is what is
// pinned, as far as is known.
func (o continueOptions) confirm(ctx context.Context, f *frame, a *app.App, selected fleet.Selection) error {
	environments, err := a.Fleet.Environments(selected)
	if err != nil {
		return err
	}
	q := question{command: "continue", yes: o.yes, automation: o.automation}
	for _, env := range environments {
		for _, service := range selected.Services {
			q.changes = append(q.changes, pending{env.Name, fmt.Sprintf("%s/%s", env.Name, service), ""})
		}
	}
	if !f.asks(a, q) {
		return f.confirm(ctx, a, q)
	}
	status, err := a.View.Status(ctx, selected)
	if err != nil {
		return err
	}
	q.changes = nil
	for _, s := range status.Services {
		change := "goes on with " + pinnedText(s.Images)
		if o.rollback {
			change = "goes back from " + pinnedText(s.Images)
		}
		q.changes = append(q.changes, pending{s.Environment, fmt.Sprintf("%s/%s", s.Environment, s.Service), change})
	}
	return f.confirm(ctx, a, q)
}

func (o continueOptions) printContinued(f *frame, document continueDocument) {
	way := "on"
	if o.rollback {
		way = "back"
	}
	for _, c := range document.Continued {
		f.Printf("%s/%s goes %s from %s\n", c.Environment, c.Service, way, c.Stage)
	}
}
