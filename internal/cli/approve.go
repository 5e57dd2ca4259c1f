package cli

import (
	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/release"
)

func newApprove(f *frame) *cobra.Command {
	var o struct {
		stage, message string
		environments   []string
		revoke         bool
	}
	cmd := &cobra.Command{
		Use:   "approve RELEASE --to STAGE [--env ENV]",
		Short: "Approve a release for a stage",
		Long: "Approves a release for all environments of a stage, or for those that --env names. Who\n" +
			"approved is what AWS writes into the history of a parameter: IAM decides who may approve,\n" +
			"and no client can give another name. The author of a release cannot approve it, and an\n" +
			"approval lapses after approvalsLast: in the stage's gates, seven days by default.",
		Example: "  tagboat approve 17 --to prod -m 'tested with the customer'\n  tagboat approve 17 --to prod --env mb-prod\n  tagboat approve 17 --to prod --revoke",
		GroupID: "deploy",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.stage == "" {
				return tagboat.Usagef("approve needs the stage").WithHint("tagboat approve %s --to STAGE", args[0])
			}
			return answer(cmd.Context(), f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.ApprovalDocument, error) {
				return release.Approvals{Releases: a.Releases}.Approve(cmd.Context(), release.Approval{
					Release: args[0], Stage: tagboat.StageName(o.stage), Environments: named[tagboat.EnvName](o.environments), Message: o.message, Revoke: o.revoke,
				})
			}, screen.Approvals)
		},
	}
	cmd.Flags().StringVar(&o.stage, "to", "", "the stage that it may enter")
	cmd.Flags().StringSliceVarP(&o.environments, "env", "e", nil, "environments of the stage, by name: repeated, or with commas (default all)")
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "the reason, for the others")
	cmd.Flags().BoolVar(&o.revoke, "revoke", false, "take back what you approved")
	return cmd
}
