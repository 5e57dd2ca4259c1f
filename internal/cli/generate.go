package cli

import "github.com/spf13/cobra"

func newGenerate(f *frame) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Write files that other tools read: templates, policies, the schema",
		Args:  cobra.ArbitraryArgs,
		RunE:  noCommand,
	}
	cmd.AddCommand(newGenerateCloudFormation(f), newGeneratePolicy(f), newGenerateSchema(f))
	return cmd
}
