package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
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

// when is a flag that takes a time or how long ago that was.
type when struct {
	access.When
	text string
}

// Set implements pflag.Value.
func (w *when) Set(text string) error {
	w.text = text
	if ago, err := config.ParseDuration(text); err == nil && ago > 0 {
		w.When = access.When{Ago: time.Duration(ago)}
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			w.When = access.When{At: at}
			return nil
		}
	}
	return tagboat.Usagef("%q is no time: write 2026-01-02T10:30:00Z, 2026-01-02 (all UTC) or how long ago: 90m, 7d", text)
}

// String implements pflag.Value.
func (w *when) String() string { return w.text }

// Type implements pflag.Value.
func (w *when) Type() string { return "time" }
