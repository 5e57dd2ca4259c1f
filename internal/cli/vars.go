package cli

import (
	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/screen"
)

func newVars(f *frame) *cobra.Command {
	var t targets
	cmd := &cobra.Command{
		Use:   "vars [--env ENV...|--stage STAGE|--tenant TENANT] [--service SERVICE...]",
		Short: "Show which value of each variable holds in an environment, and why",
		Long: "Shows the variables of the templates: the value that holds, its scope and its place, and\n" +
			"which other values it wins over. The most specific scope wins. -v also lists the values that\n" +
			"are for other environments or services. A variable that nothing uses is an error. It calls nothing.",
		Example: "  tagboat vars --env prod\n  tagboat vars --env prod --service api -o json",
		GroupID: "truth",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return perEnvironment(cmd.Context(), f, t, func(a *app.App, name tagboat.EnvName) (tagboat.VarsDocument, error) {
				env, err := a.Config.Environment(string(name))
				if err != nil {
					return tagboat.VarsDocument{}, err
				}
				return a.Fleet.Vars(env, named[tagboat.ServiceName](t.services))
			}, screen.Vars)
		},
	}
	t.flags(cmd)
	cmd.Flags().StringSliceVar(&t.services, "service", nil, "only the values for services, by name: repeated, or with commas")
	return cmd
}
