package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

func newPins(f *frame) *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use:     "pins --env ENV",
		Short:   "Show which versions should run in an environment",
		GroupID: "truth",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runPins(cmd.Context(), f, tagboat.EnvName(environment))
		},
	}
	cmd.Flags().StringVarP(&environment, "env", "e", "", "the environment")
	return cmd
}

func runPins(ctx context.Context, f *frame, environment tagboat.EnvName) error {
	if environment == "" {
		return tagboat.Usagef("pins needs an environment").WithHint("tagboat pins --env ENV")
	}
	a, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer f.finish(a)
	document, err := a.Pins(ctx, environment)
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
