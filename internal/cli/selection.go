package cli

import (
	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
)

// selection is the flags that choose environments; services are the arguments.
type selection struct {
	environments []string
	stage        string
}

func (s *selection) flags(cmd *cobra.Command) {
	cmd.Flags().StringSliceVarP(&s.environments, "env", "e", nil, "environments, by name")
	cmd.Flags().StringVar(&s.stage, "stage", "", "all environments of a stage, every tenant's")
	cmd.MarkFlagsMutuallyExclusive("env", "stage")
}

func (s *selection) with(services []string) app.Selection {
	selected := app.Selection{Stage: tagboat.StageName(s.stage)}
	for _, name := range s.environments {
		selected.Environments = append(selected.Environments, tagboat.EnvName(name))
	}
	for _, name := range services {
		selected.Services = append(selected.Services, tagboat.ServiceName(name))
	}
	return selected
}
