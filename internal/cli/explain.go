package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/delivery"
)

func newExplain(f *frame) *cobra.Command {
	var s selection
	cmd := &cobra.Command{
		Use:     "explain --env ENV SERVICE...",
		Short:   "Say why a service does not run well: causes, evidence, what to change",
		Long:    "Looks at stopped tasks, the health of containers and targets, the service's events\nand settings and the last lines of logs, and says what they mean, most likely cause\nfirst. ECS forgets stopped tasks after about an hour. Changes nothing.",
		Example: "  tagboat explain --env prod api\n  tagboat explain --env prod api -o json",
		GroupID: "deploy",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExplain(cmd.Context(), f, s, args)
		},
	}
	s.flags(cmd)
	return cmd
}

func runExplain(ctx context.Context, f *frame, s selection, services []string) error {
	if len(s.environments) == 0 && s.stage == "" {
		return tagboat.Usagef("explain needs an environment").WithHint("tagboat explain --env ENV %s", services[0])
	}
	selected, err := s.with(services)
	if err != nil {
		return err
	}
	a, err := f.open(ctx)
	if err != nil {
		return err
	}
	explained, err := a.View.Explain(ctx, selected)
	if err != nil {
		return err
	}
	if f.json() {
		return f.JSON(struct {
			Explanations []delivery.Explanation `json:"explanations"`
		}{explained})
	}
	for _, e := range explained {
		f.printExplanation(e)
	}
	return nil
}

func (f *frame) printExplanation(e delivery.Explanation) {
	name := fmt.Sprintf("%s/%s", e.Environment, e.Service)
	f.Printf("%s is %s\n", f.OnOut(console.Strong, name), e.State)
	if len(e.Causes) == 0 {
		f.Printf("  nothing speaks against it\n")
		return
	}
	f.folded(name+": why", func() { f.printCauses(e.Causes) })
}

// printCauses prints what happened, the evidence, and what to change.
func (f *frame) printCauses(causes []tagboat.Cause) {
	for _, cause := range causes {
		f.Printf("  %s\n", f.OnOut(console.Strong, cause.Cause))
		f.printEvidence(cause)
	}
}

func (f *frame) printEvidence(cause tagboat.Cause) {
	for line := range strings.Lines(cause.Evidence) {
		f.Printf("    %s\n", f.OnOut(console.Faint, strings.TrimRight(line, "\r\n ")))
	}
	if cause.Advice != "" {
		f.Printf("    %s %s\n", f.OnOut(console.Accent, "→"), cause.Advice)
	}
}
