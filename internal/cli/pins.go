package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

type pinsOptions struct {
	environment string
	imports     importOptions
}

func newPins(f *frame) *cobra.Command {
	var o pinsOptions
	cmd := &cobra.Command{
		Use:   "pins --env ENV | pins --import PATH [--env ENV]",
		Short: "Show which versions should run in an environment, or adopt parameters that exist",
		Long: "Shows what the ledger says. --import adopts parameters that others wrote, one or all\n" +
			"below a path: their keys are matched with images by name or repository, and their\n" +
			"tags are pinned by digest in the ledger's layout and form. Keys that stand for no\n" +
			"image are listed, with the lines of tagboat.yaml that would cover them.",
		Example: "  tagboat pins --env prod\n  tagboat pins --import /containers/prod --env prod --dry-run",
		GroupID: "truth",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.imports.path != "" {
				return runImport(cmd.Context(), f, o)
			}
			return runPins(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVarP(&o.environment, "env", "e", "", "the environment")
	o.imports.flags(cmd)
	return cmd
}

func runPins(ctx context.Context, f *frame, o pinsOptions) error {
	if o.environment == "" {
		return tagboat.Usagef("pins needs an environment").WithHint("tagboat pins --env ENV")
	}
	if err := o.imports.unused(); err != nil {
		return err
	}
	a, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer f.finish(a)
	document, err := a.Pins(ctx, tagboat.EnvName(o.environment))
	if err != nil {
		return err
	}
	if f.json() {
		return f.JSON(document)
	}
	f.printPins(document)
	return nil
}

func (f *frame) printPins(document tagboat.PinsDocument) {
	if len(document.Pins) == 0 {
		f.Talkf("nothing is pinned in %s\n", document.Environment)
		return
	}
	table := console.NewTable("IMAGE", "TAG", "DIGEST", "REPOSITORY", "SET AT", "BY", "MESSAGE")
	for _, pin := range document.Pins {
		table.Row(console.Cell{Text: string(pin.Image), Style: console.Strong}, console.Text(dash(pin.Tag)),
			console.Text(pin.Digest.Short()), console.Text(pin.Repository),
			console.Text(moment(pin.SetAt)), console.Text(dash(pin.SetBy)), console.Text(pin.Message))
	}
	table.Print(f.Streams)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func moment(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
