package cli

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/release"
)

func newRelease(f *frame) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release",
		Short: "Make, list, show, compare and reject releases",
		Long: "A release is an immutable set of versions of all images, with the templates and the\n" +
			"application's variables that they were tested with. It is kept beside the images, as an\n" +
			"artifact in APP-releases. Its id is that of its content; the same content is the same\n" +
			"release. Where a command takes a RELEASE, it takes a name, an id, or at least four digits\n" +
			"of the beginning of an id.",
		Example: "  tagboat release create --env dev --notes 'faster checkout'\n  tagboat release list\n  tagboat release diff 16 17",
		GroupID: "truth",
		Args:    cobra.ArbitraryArgs,
		RunE:    f.noCommand,
	}
	cmd.AddCommand(newReleaseCreate(f), newReleaseList(f), newReleaseShow(f), newReleaseDiff(f), newReleaseNotes(f), newReleaseReject(f))
	for _, c := range cmd.Commands() {
		c.Args = usage(c.Args)
	}
	return cmd
}

type releaseOptions struct {
	images      []string
	environment string
	commit      string
	notes       string
	notesFile   string
	create      bool
	dryRun      bool
}

func newReleaseCreate(f *frame) *cobra.Command {
	var o releaseOptions
	cmd := &cobra.Command{
		Use:   "create [IMAGE=VERSION...] --env ENV",
		Short: "Make a release of what is pinned in an environment",
		Long: "Makes a release of the versions that are pinned in an environment, of the templates that\n" +
			"tagboat.yaml names, and of its vars. Variables of environments are not part of it: they\n" +
			"are read where the release is deployed. IMAGE=VERSION takes another version of an image\n" +
			"than is pinned; without --env, every image needs one.\n\n" +
			"A release that has the same content is found, and no second one is made.",
		Example: "  tagboat release create --env dev --notes 'faster checkout'\n  tagboat release create api=1.4.2 --env dev\n  git log --format='- %s' v16..HEAD | tagboat release create --env dev --notes-file -",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.images = args
			return runReleaseCreate(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVarP(&o.environment, "env", "e", "", "the environment whose pins it has")
	cmd.Flags().StringVar(&o.commit, "commit", "", "the commit (default that of the CI system, or of the work tree around tagboat.yaml)")
	cmd.Flags().StringVarP(&o.notes, "notes", "m", "", "what is new, for those who read release notes")
	cmd.Flags().StringVar(&o.notesFile, "notes-file", "", "a file that says what is new, or - for standard input")
	cmd.Flags().BoolVar(&o.create, "create-repository", false, "create the repository in ECR where there is none, with immutable tags")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be made, and write nothing")
	return cmd
}

func runReleaseCreate(ctx context.Context, f *frame, o releaseOptions) error {
	q := release.Request{Environment: tagboat.EnvName(o.environment), Commit: o.commit, Notes: o.notes, CreateRepository: o.create, DryRun: o.dryRun}
	for _, arg := range o.images {
		image, err := parseImageArg(arg)
		if err != nil {
			return err
		}
		q.Images = append(q.Images, image)
	}
	if o.notesFile != "" {
		if o.notes != "" {
			return tagboat.Usagef("--notes and --notes-file exclude each other")
		}
		read, err := f.notes(o.notesFile)
		if err != nil {
			return err
		}
		q.Notes = read
	}
	return answer(ctx, f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.ReleaseDocument, error) {
		return a.Releases.Create(ctx, q)
	}, func(on *screen.Screen, document tagboat.ReleaseDocument) {
		screen.ReleaseCreated(on, document, o.dryRun)
	})
}

// mostNotes is how much is read of a file of notes: more than a release takes.
const mostNotes = 1 << 20

func (f *frame) notes(file string) (string, error) {
	from := f.In
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return "", tagboat.Usagef("reading the notes: %w", err)
		}
		defer opened.Close() //nolint:errcheck // only read from
		from = opened
	}
	text, err := io.ReadAll(io.LimitReader(from, mostNotes))
	if err != nil {
		return "", tagboat.Usagef("reading the notes: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func newReleaseList(f *frame) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List releases, the newest first, and where each is now",
		Long:    "Lists releases by their numbers, of which Parameter Store keeps the last hundred. An\nolder one is found by its name or its id.",
		Example: "  tagboat release list\n  tagboat release list -n 100 -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return tagboat.Usagef("--limit must not be negative")
			}
			return answer(cmd.Context(), f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.ReleasesDocument, error) {
				return a.Releases.List(cmd.Context(), limit)
			}, screen.Releases)
		},
	}
	cmd.Flags().IntVarP(&limit, "limit", "n", 20, "how many entries, newest first; 0 for all")
	return cmd
}

func newReleaseShow(f *frame) *cobra.Command {
	return &cobra.Command{
		Use:     "show RELEASE",
		Short:   "Show what a release consists of",
		Example: "  tagboat release show 17",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return answer(cmd.Context(), f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.ReleaseDocument, error) {
				return a.Releases.Show(cmd.Context(), args[0])
			}, screen.Release)
		},
	}
}

func newReleaseDiff(f *frame) *cobra.Command {
	return &cobra.Command{
		Use:   "diff RELEASE RELEASE",
		Short: "Show what differs between two releases",
		Long: "Shows the images whose versions differ, with the commits between them and where these can\n" +
			"be looked at (as the images' labels org.opencontainers.image.revision and .source say),\n" +
			"the lines of templates, and the application's variables.",
		Example:     "  tagboat release diff 16 17",
		Annotations: map[string]string{inMarkdown: ""},
		Args:        cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return answer(cmd.Context(), f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.ReleaseDiffDocument, error) {
				return a.Releases.Diff(cmd.Context(), args[0], args[1])
			}, screen.ReleaseDiff)
		},
	}
}

func newReleaseNotes(f *frame) *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use:         "notes [RELEASE] --env ENV",
		Short:       "Show what is new since the release that an environment has",
		Long:        "Rolls up the notes of all releases since the one that an environment has, up to RELEASE\n(default the newest), and what differs between the two.",
		Example:     "  tagboat release notes --env prod\n  tagboat release notes 17 --env mb-prod -o markdown",
		Annotations: map[string]string{inMarkdown: ""},
		Args:        cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if environment == "" {
				return tagboat.Usagef("release notes needs an environment").WithHint("tagboat release notes --env ENV")
			}
			return answer(cmd.Context(), f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.ReleaseDiffDocument, error) {
				return a.Releases.Notes(cmd.Context(), tagboat.EnvName(environment), strings.Join(args, ""))
			}, func(on *screen.Screen, document tagboat.ReleaseDiffDocument) {
				screen.ReleaseNotes(on, tagboat.EnvName(environment), document)
			})
		},
	}
	cmd.Flags().StringVarP(&environment, "env", "e", "", "the environment whose release it is compared with")
	return cmd
}

func newReleaseReject(f *frame) *cobra.Command {
	var message string
	var undo bool
	cmd := &cobra.Command{
		Use:     "reject RELEASE -m WHY",
		Short:   "Say that a release must not be promoted",
		Long:    "Automation never promotes a rejected release. A person can, and sees the reason.\nEnvironments that have it keep it. With --undo it may be promoted again.",
		Example: "  tagboat release reject 17 -m 'loses orders'\n  tagboat release reject 17 --undo -m 'it was the database'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return answer(cmd.Context(), f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.ReleaseDocument, error) {
				return a.Releases.Reject(cmd.Context(), args[0], message, undo)
			}, screen.ReleaseRejected)
		},
	}
	cmd.Flags().StringVarP(&message, "message", "m", "", "the reason, for those who find the release and for the history")
	cmd.Flags().BoolVar(&undo, "undo", false, "it may be promoted again")
	return cmd
}

func newApprove(f *frame) *cobra.Command {
	var o struct {
		stage, message string
		environments   []string
		revoke         bool
	}
	cmd := &cobra.Command{
		Use:   "approve RELEASE --to STAGE [--env ENV]",
		Short: "Approve a release for a stage",
		Long: "Approves a release for all environments of a stage, or for those that --env names. Who\n" +
			"approved is what AWS writes into the history of a parameter: IAM decides who may approve,\n" +
			"and no client can give another name. The author of a release cannot approve it, and an\n" +
			"approval lapses after approvalsLast: in the stage's gates, seven days by default.",
		Example: "  tagboat approve 17 --to prod -m 'tested with the customer'\n  tagboat approve 17 --to prod --env mb-prod\n  tagboat approve 17 --to prod --revoke",
		GroupID: "deploy",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.stage == "" {
				return tagboat.Usagef("approve needs the stage").WithHint("tagboat approve %s --to STAGE", args[0])
			}
			return answer(cmd.Context(), f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.ApprovalDocument, error) {
				return release.Approvals{Releases: a.Releases}.Approve(cmd.Context(), release.Approval{
					Release: args[0], Stage: tagboat.StageName(o.stage), Environments: named[tagboat.EnvName](o.environments), Message: o.message, Revoke: o.revoke,
				})
			}, screen.Approvals)
		},
	}
	cmd.Flags().StringVar(&o.stage, "to", "", "the stage that it may enter")
	cmd.Flags().StringSliceVarP(&o.environments, "env", "e", nil, "environments of the stage, by name: repeated, or with commas (default all)")
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "the reason, for the others")
	cmd.Flags().BoolVar(&o.revoke, "revoke", false, "take back what you approved")
	return cmd
}
