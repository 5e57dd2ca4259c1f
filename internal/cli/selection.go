package cli

import (
	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
)

// selection is the flags that choose environments; services are the arguments.
type selection struct {
	environments []string
	stage        string
}

func (s *selection) flags(cmd *cobra.Command) {
	cmd.Flags().StringSliceVarP(&s.environments, "env", "e", nil, "environments, by name")
	cmd.Flags().StringVar(&s.stage, "stage", "", "all environments of a stage, every tenant's")
}

func (s *selection) with(services []string) (fleet.Selection, error) {
	if len(s.environments) > 0 && s.stage != "" {
		return fleet.Selection{}, tagboat.Usagef("--env and --stage exclude each other").
			WithHint("--env %s alone, or --stage %s for every tenant's", s.environments[0], s.stage)
	}
	selected := fleet.Selection{Stage: tagboat.StageName(s.stage)}
	for _, name := range s.environments {
		selected.Environments = append(selected.Environments, tagboat.EnvName(name))
	}
	for _, name := range services {
		selected.Services = append(selected.Services, tagboat.ServiceName(name))
	}
	return selected, nil
}
