package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
)

// targets are the flags that choose environments, and the arguments that name services.
type targets struct {
	environments []string
	stage        string
	services     []string
	// command is the name of one that goes through no environment unasked; "" for others.
	command string
}

func (t *targets) flags(cmd *cobra.Command) {
	cmd.Flags().StringSliceVarP(&t.environments, "env", "e", nil, "environments, by name")
	cmd.Flags().StringVar(&t.stage, "stage", "", "all environments of a stage, every tenant's")
}

// open checks what is chosen, and opens Tagboat.
func (t targets) open(ctx context.Context, f *frame) (*app.App, fleet.Selection, error) {
	switch {
	case t.command != "" && len(t.environments) == 0 && t.stage == "":
		return nil, fleet.Selection{}, tagboat.Usagef("%s needs an environment", t.command).
			WithHint("%s", strings.TrimSpace("tagboat "+t.command+" --env ENV "+strings.Join(t.services, " ")))
	case len(t.environments) > 0 && t.stage != "":
		return nil, fleet.Selection{}, tagboat.Usagef("--env and --stage exclude each other").
			WithHint("--env %s alone, or --stage %s for every tenant's", t.environments[0], t.stage)
	}
	a, err := f.open(ctx)
	return a, fleet.Selection{
		Environments: named[tagboat.EnvName](t.environments), Stage: tagboat.StageName(t.stage), Services: named[tagboat.ServiceName](t.services),
	}, err
}

// answer is what most commands do: it opens Tagboat, asks it for what is chosen, and shows
// the answer.
func answer[D any](ctx context.Context, f *frame, t targets, ask func(*app.App, fleet.Selection) (D, error), write func(*frame, D)) error {
	a, selected, err := t.open(ctx, f)
	if err != nil {
		return err
	}
	document, err := ask(a, selected)
	if err != nil {
		return err
	}
	return show(f, document, write)
}

// show shows what a command ends with: as a document where the command line says so, else
// as write prints it.
func show[D any](f *frame, document D, write func(*frame, D)) error {
	if f.json() {
		return f.JSON(document)
	}
	write(f, document)
	return nil
}

// named returns arguments as the names that they are.
func named[N ~string](args []string) []N {
	var names []N
	for _, arg := range args {
		names = append(names, N(arg))
	}
	return names
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
