package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/generate"
)

type watchTemplateOptions struct {
	as      string
	account string
	region  string
}

func newGenerateWatch(f *frame) *cobra.Command {
	var o watchTemplateOptions
	cmd := &cobra.Command{
		Use:   "watch [--as service|function] [--account ACCOUNT] [--region REGION]",
		Short: "Print the CloudFormation template of the queue and the rules for tagboat watch",
		Long: "Prints the template of a queue, its dead-letter queue, and the rules of EventBridge that\n" +
			"feed it with pushes to the repositories and deployments in the clusters of tagboat.yaml.\n" +
			"It is for the account and region of watch.queue, of home, or of the caller.\n\n" +
			"What happens in other accounts and regions comes over an event bus. Each of them has a\n" +
			"template of its own, which --account and --region choose.",
		Example: "  tagboat generate watch > watch.yaml\n  tagboat generate watch --account 222222222222 > tenant.yaml",
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runGenerateWatch(cmd.Context(), f, o) },
	}
	cmd.Flags().StringVar(&o.as, "as", "service", "what reads the queue: service, function")
	cmd.Flags().StringVar(&o.account, "account", "", "the other account whose events come over the bus")
	cmd.Flags().StringVar(&o.region, "region", "", "its region, or another one of the same account")
	return cmd
}

func runGenerateWatch(ctx context.Context, f *frame, o watchTemplateOptions) error {
	if o.as != "service" && o.as != "function" {
		return tagboat.Usagef("nothing reads a queue as %q", o.as).WithHint("%s", tagboat.Suggest(o.as, []string{"service", "function"}))
	}
	a, err := f.open(ctx)
	if err != nil {
		return err
	}
	w, err := a.Generator.Watching(ctx)
	if err != nil {
		return err
	}
	w.Function = o.as == "function"
	if o.account != "" || o.region != "" {
		there, err := w.Origin(o.account, o.region)
		if err != nil {
			return err
		}
		f.Printf("%s", console.Lines(w.TemplateElsewhere(there)))
		return nil
	}
	f.Printf("%s", console.Lines(w.Template()))
	tellElsewhere(f, w)
	return nil
}

func tellElsewhere(f *frame, w generate.Watching) {
	for _, o := range w.Elsewhere() {
		f.Talkf("events of account %s in %s need a template there: tagboat generate watch --account %s --region %s\n", o.Account, o.Region, o.Account, o.Region)
	}
}
