package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/publish"
)

type publishOptions struct {
	image   string
	from    string
	tags    []string
	labels  []string
	message string
	create  bool
	dryRun  bool

	automation bool
}

func newPublish(f *frame) *cobra.Command {
	var o publishOptions
	cmd := &cobra.Command{
		Use:     "publish IMAGE --from docker:REFERENCE|oci:DIR|tar:FILE|dir:DIR",
		Short:   "Push an image that was built elsewhere, tagged with the git commit",
		Long:    "Pushes an image from docker, an OCI layout, an archive of either, or a directory of\nfiles. Layers are uploaded in parallel. Layers that the repository has already are not\nuploaded, and a broken upload is repeated. The image is tagged with the git commit of\nthe working directory (followed by -dirty if files differ from the commit) and with the\ntags of publish.tags in tagboat.yaml.",
		Example: "  docker build -t api . && tagboat publish api --from docker:api\n  tagboat publish api --from tar:image.tar --tag 1.4.2 --create-repository",
		GroupID: "truth",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.image = args[0]
			return runPublish(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVar(&o.from, "from", "", "docker:REFERENCE, oci:DIRECTORY, tar:FILE or dir:DIRECTORY")
	cmd.Flags().StringSliceVar(&o.tags, "tag", nil, "tags instead of the git commit and publish.tags")
	cmd.Flags().StringArrayVar(&o.labels, "label", nil, "NAME=VALUE, a label of the image that dir:DIRECTORY becomes (repeatable)")
	cmd.Flags().BoolVar(&o.create, "create-repository", false, "create the repository in ECR where there is none: scanned on push, with immutable tags")
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "the reason, for the history")
	automationFlag(cmd, &o.automation)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "read the image and say what would be tagged, and push nothing")
	return cmd
}

func runPublish(ctx context.Context, f *frame, o publishOptions) error {
	if o.from == "" {
		return tagboat.Usagef("publish needs to know where the image is").WithHint("tagboat publish %s --from docker:REFERENCE, oci:DIRECTORY, tar:FILE or dir:DIRECTORY", o.image)
	}
	from, err := publish.ParseSource(o.from)
	if err != nil {
		return err
	}
	if from, err = from.WithLabels(o.labels); err != nil {
		return err
	}
	if err := checkTags(o.tags); err != nil {
		return err
	}
	return answer(ctx, f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.PublishDocument, error) {
		bars := f.NewBars()
		defer bars.Done()
		return a.Publisher.Publish(ctx, catalog.PublishRequest{
			Image: tagboat.ImageName(o.image), From: from, Dir: ".", Tags: o.tags,
			CreateRepository: o.create, Message: o.message, Automation: o.automation, DryRun: o.dryRun, Progress: transfers{bars},
		})
	}, o.printPublished)
}

// checkTags reports the first of some texts that cannot be a tag.
func checkTags(tags []string) error {
	for _, tag := range tags {
		if !tagboat.ValidTag(tag) {
			return tagboat.Usagef("%q is not a tag", tag).WithHint("a tag has up to 128 letters, digits, dots, dashes and underscores")
		}
	}
	return nil
}

func (o publishOptions) printPublished(on *screen.Screen, doc tagboat.PublishDocument) {
	printTags(on, doc.TagDocument, o.dryRun)
	on.Printf("%s@%s\n", doc.Repository, doc.Digest)
	switch {
	case o.dryRun:
	case doc.LayersSent == 0:
		on.Talkf("everything was there already, nothing was uploaded\n")
	default:
		on.Talkf("uploaded %s, %s; %d were there already\n", console.Bytes(doc.BytesSent), layers(doc.LayersSent), doc.LayersThere)
	}
}

func layers(n int) string {
	if n == 1 {
		return "1 layer"
	}
	return fmt.Sprintf("%d layers", n)
}

// transfers shows layers on their way.
type transfers struct{ bars *console.Bars }

var _ publish.Progress = transfers{}

// Sending implements publish.Progress.
func (t transfers) Sending(layer tagboat.Digest, sent, size int64) {
	t.bars.Set(layer.Short(), sent, size)
}

// Sent implements publish.Progress.
func (t transfers) Sent(layer tagboat.Digest, size int64, there bool) {
	if there {
		t.bars.End(layer.Short(), "is there already")
		return
	}
	t.bars.End(layer.Short(), "pushed, "+console.Bytes(size))
}

type tagOptions struct {
	version string
	tags    []string
	message string
	dryRun  bool

	automation bool
}

func newTag(f *frame) *cobra.Command {
	var o tagOptions
	cmd := &cobra.Command{
		Use:     "tag IMAGE@VERSION TAG...",
		Short:   "Add tags to a version, without pulling it",
		Long:    "Puts tags on a version that is in the registry: only its manifest goes back, byte by\nbyte, so that image and index keep their digest. VERSION is a tag or a digest. A tag that\nthe version has stays, and one of another version moves, where the repository lets it.\n\nTags that a stage should keep by itself belong into tagboat.yaml: stages: - {name: prod,\ntags: [\"{environment}\", \"{environment}-{time:20060102-1504}\"]}.",
		Example: "  tagboat tag api@1.4.2 dev\n  tagboat tag api@sha256:… 1.4 1 stable",
		GroupID: "truth",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.version, o.tags = args[0], args[1:]
			return runTag(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "the reason, for the history")
	automationFlag(cmd, &o.automation)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what would change, and change nothing")
	return cmd
}

func runTag(ctx context.Context, f *frame, o tagOptions) error {
	version, err := parseVersionArg(o.version)
	if err != nil {
		return err
	}
	if err := checkTags(o.tags); err != nil {
		return err
	}
	return answer(ctx, f, targets{}, func(a *app.App, _ fleet.Selection) (tagboat.TagDocument, error) {
		return a.Tagger.Tag(ctx, catalog.TagRequest{Version: version, Tags: o.tags, Message: o.message, Automation: o.automation, DryRun: o.dryRun})
	}, func(on *screen.Screen, document tagboat.TagDocument) { printTags(on, document, o.dryRun) })
}

// parseVersionArg is parseImageArg where a version has to be named.
func parseVersionArg(arg string) (catalog.ImageArg, error) {
	wanted, err := parseImageArg(arg)
	if err == nil && wanted == (catalog.ImageArg{Image: wanted.Image}) {
		err = tagboat.Usagef("%q names no version", arg).WithHint("write IMAGE@TAG or IMAGE@sha256:…")
	}
	return wanted, err
}

func printTags(on *screen.Screen, doc tagboat.TagDocument, dryRun bool) {
	table := console.NewTable("IMAGE", "TAG", "DIGEST", "CHANGE")
	for _, change := range doc.Tags {
		said := console.Cell{Text: "already there", Style: console.Faint}
		switch {
		case change.Changed && change.Was == "":
			said = console.Cell{Text: "new", Style: console.Good}
		case change.Changed:
			said = console.Cell{Text: "moved from " + change.Was.Short(), Style: console.Good}
		}
		table.Row(console.Text(string(doc.Image)), console.Text(change.Tag), console.Text(doc.Digest.Short()), said)
	}
	table.Print(on.Streams)
	if dryRun {
		on.Talkf("nothing was changed (--dry-run)\n")
	}
}
