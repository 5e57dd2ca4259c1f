package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/iam"
)

type doctorOptions struct {
	targets
	purposes []string
}

func newDoctor(f *frame) *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor [--env ENV...|--stage STAGE] [--for PURPOSE...]",
		Short: "Check credentials, accounts, roles, permissions, clusters, registries and the clock",
		Long: "Looks at what Tagboat needs where each environment is, and says for each what to do.\n" +
			"Permissions are those of generate iam-policy; IAM is asked about them where the caller\n" +
			"may ask it. It changes nothing. The exit code is 1 where something is wrong.",
		Example: "  tagboat doctor\n  tagboat doctor --env prod --for read",
		GroupID: "deploy",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd.Context(), f, o) },
	}
	o.flags(cmd)
	cmd.Flags().StringSliceVar(&o.purposes, "for", []string{string(iam.Read), string(iam.Write), string(iam.Deploy)}, "what the caller should be allowed: "+purposes(", "))
	return cmd
}

// errUnhealthy ends a doctor that found something.
var errUnhealthy = errors.New("something is wrong")

func runDoctor(ctx context.Context, f *frame, o doctorOptions) error {
	for _, purpose := range o.purposes {
		if !slices.Contains(iam.Purposes(), iam.Purpose(purpose)) {
			return tagboat.Usagef("there is no policy for %q", purpose).WithHint("%s", tagboat.Suggest(purpose, strings.Split(purposes(" "), " ")))
		}
	}
	var found tagboat.DoctorDocument
	err := answer(ctx, f, o.targets, func(a *app.App, selected fleet.Selection) (tagboat.DoctorDocument, error) {
		var err error
		found, err = a.Doctor.Examine(ctx, selected, named[iam.Purpose](o.purposes))
		return found, err
	}, printDoctor)
	if err == nil && !found.Healthy() {
		return quiet{errUnhealthy}
	}
	return err
}

// printDoctor prints a table that fits 80 columns, and below it in full what is wrong or was
// not checked, and what to do.
func printDoctor(f *frame, document tagboat.DoctorDocument) {
	const widest = 36
	table := console.NewTable("ENVIRONMENT", "CHECK", "RESULT", "WHAT TO DO")
	n := 0
	for _, c := range document.Checks {
		todo := "-"
		if c.Advice != "" || c.Result != tagboat.CheckOK {
			n++
			todo = fmt.Sprintf("see %d", n)
		}
		table.Row(console.Text(dash(string(c.Environment))), console.Text(c.Check), resultCell(c, widest), console.Text(todo))
	}
	table.Print(f.Streams)
	n = 0
	for _, c := range document.Checks {
		if c.Advice == "" && c.Result == tagboat.CheckOK {
			continue
		}
		n++
		f.Printf("\n%d. %s %s: %s\n", n, dash(string(c.Environment)), c.Check, c.Message)
		if c.Advice != "" {
			f.Printf("   %s %s\n", f.OnOut(console.Accent, "→"), c.Advice)
		}
	}
}

// resultCell is what was found where that is short, and else how the check ended.
func resultCell(c tagboat.Check, widest int) console.Cell {
	switch c.Result {
	case tagboat.CheckProblem:
		return console.Cell{Text: "problem", Style: console.Bad}
	case tagboat.CheckUnchecked:
		return console.Cell{Text: "not checked", Style: console.Warn}
	default:
		return console.Cell{Text: brief(c.Message, widest), Style: console.Good}
	}
}

// brief returns the part of an ARN that people know something by, and of a long text its
// first clause.
func brief(text string, widest int) string {
	if strings.HasPrefix(text, "arn:") {
		return text[strings.LastIndex(text, ":")+1:]
	}
	for _, end := range []string{"; ", ": "} {
		if first, _, ok := strings.Cut(text, end); ok && utf8.RuneCountInString(text) > widest {
			text = first
		}
	}
	return text
}
