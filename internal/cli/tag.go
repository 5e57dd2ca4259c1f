package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/console"
)

type tagOptions struct {
	version string
	tags    []string
	message string
	dryRun  bool
}

func newTag(f *frame) *cobra.Command {
	var o tagOptions
	cmd := &cobra.Command{
		Use:     "tag IMAGE@VERSION TAG...",
		Short:   "Put more tags on a version, without pulling it",
		Long:    "Puts tags on a version that is in the registry: only its manifest goes back, byte by\nbyte, so that image and index keep their digest. VERSION is a tag or a digest. A tag that\nthe version has stays, and one of another version moves, where the repository lets it.\n\nTags that a stage should keep by itself belong into tagboat.yaml: stages: - {name: prod,\ntags: [\"{environment}\", \"{environment}-{time:20060102-1504}\"]}.",
		Example: "  tagboat tag api@1.4.2 dev\n  tagboat tag api@sha256:… 1.4 1 stable",
		GroupID: "truth",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.version, o.tags = args[0], args[1:]
			return runTag(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVarP(&o.message, "message", "m", "", "why, for the history")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what would change, and change nothing")
	return cmd
}

func runTag(ctx context.Context, f *frame, o tagOptions) error {
	version, err := parseVersionArg(o.version)
	if err != nil {
		return err
	}
	for _, tag := range o.tags {
		if !tagboat.ValidTag(tag) {
			return tagboat.Usagef("%q is not a tag", tag).WithHint("a tag has up to 128 letters, digits, dots, dashes and underscores")
		}
	}
	a, err := f.open(ctx)
	if err != nil {
		return err
	}
	doc, err := a.Tagger.Tag(ctx, catalog.TagRequest{Version: version, Tags: o.tags, Message: o.message, DryRun: o.dryRun})
	if err != nil {
		return err
	}
	if f.json() {
		return f.JSON(doc)
	}
	f.printTags(doc, o.dryRun)
	return nil
}

// parseVersionArg reads IMAGE@TAG beside what parseImageArg reads. A version has to be
// named.
func parseVersionArg(arg string) (catalog.ImageArg, error) {
	if name, version, ok := strings.Cut(arg, "@"); ok && !strings.HasPrefix(version, "sha256:") {
		arg = name + "=" + version
	}
	wanted, err := parseImageArg(arg)
	if err == nil && wanted.Tag == "" && wanted.Digest == "" {
		err = tagboat.Usagef("%q names no version", arg).WithHint("write IMAGE@TAG or IMAGE@sha256:…")
	}
	return wanted, err
}

func (f *frame) printTags(doc tagboat.TagDocument, dryRun bool) {
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
	table.Print(f.Streams)
	if dryRun {
		f.Talkf("nothing was changed (--dry-run)\n")
	}
}
