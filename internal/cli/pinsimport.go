package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/pinning/adopt"
)

type importOptions struct {
	path    string
	message string
	dryRun  bool
}

func (o *importOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.path, "import", "", "adopt this parameter and all below it")
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "with --import and --restore: why, for the history")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "with --import or --restore: show what would be pinned, write nothing")
}

// unused makes sure that no option was given that only --import has.
func (o *importOptions) unused() error {
	if o.message != "" || o.dryRun {
		return tagboat.Usagef("pins reads, and has nothing to say why or to do dry").WithHint("--message and --dry-run go with --import PATH")
	}
	return nil
}

func runImport(ctx context.Context, f *frame, o pinsOptions) error {
	a, err := f.open(ctx)
	if err != nil {
		return err
	}
	document, err := a.Adoption.Import(ctx, adopt.Request{
		Path: o.imports.path, Environment: tagboat.EnvName(o.environment), Message: o.imports.message, DryRun: o.imports.dryRun,
	})
	if err != nil {
		return err
	}
	if f.json() {
		return f.JSON(document)
	}
	f.printImported(document)
	f.tellImported(document, o.imports.dryRun)
	return nil
}

// printImported prints what was adopted, and lines of tagboat.yaml for what was not.
func (f *frame) printImported(document tagboat.ImportDocument) {
	if len(document.Imported) > 0 {
		table := console.NewTable("IMAGE", "TAG", "DIGEST", "ENVIRONMENT", "FROM", "KEY", "PARAMETER")
		for _, pin := range document.Imported {
			table.Row(console.Cell{Text: string(pin.Image), Style: console.Strong}, console.Text(dash(pin.Tag)), console.Text(pin.Digest.Short()),
				console.Text(string(pin.Environment)), console.Text(pin.From), console.Text(pin.Key), console.Text(pin.Parameter))
		}
		table.Print(f.Streams)
	}
	if document.Proposal != "" {
		f.Printf("%s", console.Lines(document.Proposal))
	}
}

func (f *frame) tellImported(document tagboat.ImportDocument, dryRun bool) {
	for _, u := range document.Uncovered {
		f.Talkf("%s in %s stands for no image (%s)\n", u.Key, u.Parameter, u.Value)
	}
	if document.Proposal != "" {
		f.Talkf("these lines of %s would cover them; import again after that\n", f.config)
	}
	switch {
	case dryRun:
		f.Talkf("nothing was written (--dry-run)\n")
	case len(document.Imported) == 0:
		f.Talkf("nothing was written: no key stands for an image\n")
	case !document.Changed:
		f.Talkf("the ledger has all of them already, nothing was written\n")
	default:
		f.Talkf("%s to see what they would change: tagboat plan\n", f.OnErr(console.Good, "adopted;"))
	}
}
