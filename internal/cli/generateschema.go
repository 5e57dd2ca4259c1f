package cli

import (
	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
)

func newGenerateSchema(f *frame) *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of tagboat.yaml, for editors",
		Example: "  tagboat generate schema > tagboat.schema.json",
		Args:    usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			f.Printf("%s", console.Lines(string(config.Schema())))
			return nil
		},
	}
}
