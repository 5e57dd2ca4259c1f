package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/screen"
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
	}, screen.Doctor)
	if err == nil && !found.Healthy() {
		return screen.Shown(errUnhealthy)
	}
	return err
}
