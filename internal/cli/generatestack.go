package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/generate"
	"github.com/tagboat/tagboat/internal/generate/stack"
)

// templateOptions choose what generate cloudformation prints.
type templateOptions struct {
	snippet, way    string
	environment     string
	services        []string
	existing        []string
	capacity        string
	account, region string
}

func newGenerateCloudFormation(f *frame) *cobra.Command {
	var o templateOptions
	cmd := &cobra.Command{
		Use:   "cloudformation [--env ENV | --account ACCOUNT | --snippet SERVICE]",
		Short: "Print a stack for an environment, or what a template needs to read pins",
		Long: "Prints a complete stack for an environment: cluster, load balancer, log groups, roles,\n" +
			"task definitions and services that read their images from the ledger, alarms,\n" +
			"repositories, and what tagboat watch needs. It can be created before any image exists.\n" +
			"--existing leaves out what is there. What CloudFormation cannot express, and what else\n" +
			"has to be known, stands in a comment and on stderr.\n\n" +
			"With --account, the stack of a further account: the roles of tagboat.yaml that are\n" +
			"assumed there, and the rules that send events to the watcher.\n\n" +
			"With --snippet, what makes a template that you have read the pins of a service: through\n" +
			"a parameter, dynamic references or a custom resource. A comment in each names its\n" +
			"advantages and drawbacks, and when CloudFormation reads. Without --way, all three.",
		Example: "  tagboat generate cloudformation --env prod > prod.yaml\n" +
			"  tagboat generate cloudformation --env staging --existing repositories,watch > staging.yaml\n" +
			"  tagboat generate cloudformation --snippet web --env prod --way parameter",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runGenerateCloudFormation(cmd.Context(), f, o) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.environment, "env", "e", "", "the environment, or whose pins the snippet reads")
	flags.StringSliceVarP(&o.services, "service", "s", nil, "the services of the stack; default: all")
	flags.StringSliceVar(&o.existing, "existing", nil, "what is there already: "+strings.Join(stack.Existing(), ", "))
	flags.StringVar(&o.capacity, "capacity", "fargate", "what tasks run on: fargate")
	flags.StringVar(&o.account, "account", "", "the further account whose stack is printed")
	flags.StringVar(&o.region, "region", "", "its region, or another one of the same account")
	flags.StringVar(&o.snippet, "snippet", "", "the service whose template should read pins")
	flags.StringVar(&o.way, "way", "", "how: "+ways(", "))
	return cmd
}

func runGenerateCloudFormation(ctx context.Context, f *frame, o templateOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	a, err := f.open(ctx)
	if err != nil {
		return err
	}
	if o.snippet != "" {
		return printSnippet(f, a.Generator, o)
	}
	var template stack.Template
	if o.account != "" || o.region != "" {
		template, err = a.Generator.AccountStack(ctx, o.account, o.region)
	} else {
		template, err = a.Generator.Stack(ctx, tagboat.EnvName(o.environment), named[tagboat.ServiceName](o.services), o.existing)
	}
	if err != nil {
		return err
	}
	f.Printf("%s", console.Lines(template.Text))
	for _, note := range template.Notes {
		f.Talkf("note: %s\n", note)
	}
	if len(template.Text) > maxTemplate {
		f.Talkf("note: the template has %d bytes, and CloudFormation takes %d without a bucket: add --s3-bucket to aws cloudformation deploy\n", len(template.Text), maxTemplate)
	}
	return nil
}

// maxTemplate is how many bytes of a template a request takes.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const maxTemplate = 51200

// check makes sure that the flags belong together.
func (o templateOptions) check() error {
	stacks := o.account != "" || o.region != ""
	switch {
	case o.capacity == "ec2":
		return tagboat.Usagef("there is no template of EC2 capacity yet: no launch template, no group of instances, no capacity provider").
			WithHint("make the cluster and its capacity yourself, and leave them out here: --existing cluster")
	case o.capacity != "fargate":
		return tagboat.Usagef("there is no capacity %q", o.capacity).WithHint("leave --capacity out: tasks run on Fargate")
	case o.snippet == "" && o.way != "":
		return tagboat.Usagef("--way is for --snippet").WithHint("add --snippet SERVICE")
	case o.snippet != "" && (stacks || len(o.services)+len(o.existing) > 0):
		return tagboat.Usagef("--snippet prints what one service needs, and no stack").WithHint("leave --account, --region, --service and --existing out")
	case stacks && (o.environment != "" || len(o.services)+len(o.existing) > 0):
		return tagboat.Usagef("the stack of a further account belongs to no environment").WithHint("leave --env, --service and --existing out")
	case !stacks && o.snippet == "" && o.environment == "":
		return tagboat.Usagef("no environment is named").WithHint("add --env ENV for its stack, or --snippet SERVICE for what a template needs to read pins")
	}
	return nil
}

func printSnippet(f *frame, g generate.Generator, o templateOptions) error {
	snippet, err := g.Snippet(tagboat.ServiceName(o.snippet), tagboat.EnvName(o.environment))
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

func ways(separator string) string {
	var names []string
	for _, way := range generate.Ways() {
		names = append(names, string(way))
	}
	return strings.Join(names, separator)
}
