package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/generate"
)

type snippetOptions struct {
	service     string
	environment string
	way         string
}

func newGenerateCloudFormation(f *frame) *cobra.Command {
	var o snippetOptions
	cmd := &cobra.Command{
		Use:   "cloudformation --snippet SERVICE [--env ENV] [--way " + ways("|") + "]",
		Short: "Print what a template needs to read pins at every stack update",
		Long: "Prints what makes a template that you have read the pins of a service at every\n" +
			"update of its stack: through a parameter, dynamic references or a custom resource.\n" +
			"Each says in a comment what speaks for it and against it. Without --way, all three.",
		Example: "  tagboat generate cloudformation --snippet web --env prod --way parameter",
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runSnippet(cmd.Context(), f, o) },
	}
	cmd.Flags().StringVar(&o.service, "snippet", "", "the service whose template should read pins")
	cmd.Flags().StringVarP(&o.environment, "env", "e", "", "the environment whose pins it should read")
	cmd.Flags().StringVar(&o.way, "way", "", "how: "+ways(", "))
	return cmd
}

func ways(separator string) string {
	var names []string
	for _, way := range generate.Ways() {
		names = append(names, string(way))
	}
	return strings.Join(names, separator)
}

func runSnippet(ctx context.Context, f *frame, o snippetOptions) error {
	if o.service == "" {
		return tagboat.Usagef("no service is named").WithHint("tagboat generate cloudformation --snippet SERVICE")
	}
	a, err := f.open(ctx)
	if err != nil {
		return err
	}
	snippet, err := a.Generator.Snippet(tagboat.ServiceName(o.service), tagboat.EnvName(o.environment))
	if err != nil {
		return err
	}
	chosen := generate.Ways()
	if o.way != "" {
		chosen = []generate.Way{generate.Way(o.way)}
	}
	for i, way := range chosen {
		text, err := snippet.Render(way)
		if err != nil {
			return err
		}
		if i > 0 {
			f.Printf("---\n")
		}
		f.Printf("%s", console.Lines(string(text)))
	}
	return nil
}
