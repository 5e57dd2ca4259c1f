package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/fleet"
)

func newWhere(f *frame) *cobra.Command {
	return &cobra.Command{
		Use:   "where COMMIT|TAG|DIGEST|RELEASE",
		Short: "Show where a version or a release runs, ran, was rejected, or waits and for what",
		Long: "Takes the name of a release, its id or the beginning of one, a digest or its first twelve\n" +
			"digits, a tag, or a git commit of seven digits or more, and says how it understood it.\n" +
			"Looks for commits in the releases, and in the labels of the newest twenty versions of\n" +
			"each image. Shows each of several things that the argument can mean. The exit code is 1\n" +
			"where nothing is known of it. The journal has what ran in the last 90 days.",
		Example: "  tagboat where 17\n  tagboat where 1.4.2\n  tagboat where 3f2a9c1",
		GroupID: "deploy",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return runWhere(cmd.Context(), f, args[0]) },
	}
}

func runWhere(ctx context.Context, f *frame, arg string) error {
	var document tagboat.WhereDocument
	err := answer(ctx, f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.WhereDocument, error) {
		var err error
		document, err = a.Trace.Where(ctx, arg)
		return document, err
	}, screen.Where)
	if err != nil {
		return err
	}
	if len(document.Found) == 0 {
		err := tagboat.Errorf(tagboat.Internal, "nothing is known of %q: it is neither a release, nor a tag, a digest or a commit of a version", arg).
			WithHint("tagboat release list shows releases, and tagboat images IMAGE versions")
		f.Error(err)
		return screen.Shown(err)
	}
	return f.IncompleteShown(document.Errors)
}

type whyOptions struct {
	targets
	image tagboat.ImageName
}

func newWhy(f *frame) *cobra.Command {
	var o whyOptions
	cmd := &cobra.Command{
		Use:   "why --env ENV IMAGE",
		Short: "Show the chain from an image's newest push to the running tasks, and what is open in it",
		Long: "Follows the version that the image's rule chooses, or the newest where it has no rule:\n" +
			"pushed, chosen, in a release, in the stage before, past the gates, pinned, in the\n" +
			"deployed task definition, running. Marks the first link that is not closed, with what\n" +
			"closes it. explain says why tasks do not run well.",
		Example: "  tagboat why --env prod api\n  tagboat why --env prod api -o json",
		GroupID: "deploy",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.image = tagboat.ImageName(args[0])
			return runWhy(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	return cmd
}

func runWhy(ctx context.Context, f *frame, o whyOptions) error {
	return perEnvironment(ctx, f, o.targets, func(a *app.App, env tagboat.EnvName) (tagboat.WhyDocument, error) {
		return a.Trace.Why(ctx, env, o.image)
	}, screen.Chain)
}
