package cli

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/demo"
	"github.com/tagboat/tagboat/internal/scaffold"
)

type initOptions struct {
	clusters     []string
	services     []string
	environments []string
	region       string
	from         string
	copilot      string
	app          string
	dir          string
	example      bool
	pin          bool
	dryRun       bool
}

func newInit(f *frame) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init --cluster NAME[,NAME...]|--from ecspresso.yml|--from copilot/|--copilot APP|--example",
		Short: "Write tagboat.yaml and templates from services that run",
		Long: "Reads the services of a cluster, or of several that become one environment each, and\n" +
			"writes tagboat.yaml, a task definition and a service file for each service: what\n" +
			"differs from AWS's defaults, and what differs between environments as variables.\n" +
			"Then it plans with what it wrote, which has to find nothing to do. It changes nothing\n" +
			"in AWS, unless --pin pins what runs, and it never overwrites a file. With --from, the\n" +
			"files of an ecspresso configuration stay where they are, and tagboat.yaml names them.\n\n" +
			"An application of AWS Copilot keeps its stacks, through which its services are deployed\n" +
			"from then on: init reads them by their tags, in every account and region that the\n" +
			"application has environments in. --from copilot/ also reads the manifests there.",
		Example: "  tagboat init --cluster shop\n  tagboat init --cluster shop-dev,shop-prod --pin\n  tagboat init --from ecspresso.yml --dry-run\n" +
			"  tagboat init --from copilot/\n  tagboat init --copilot shop --env test,prod\n  tagboat init --example",
		GroupID: "truth",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runInit(cmd.Context(), f, o) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.clusters, "cluster", nil, "clusters to read: repeated, or with commas; each becomes an environment")
	flags.StringSliceVar(&o.services, "service", nil, "services to take over, by their names in ECS or in Copilot: repeated, or with commas; default: all")
	flags.StringSliceVarP(&o.environments, "env", "e", nil, "names for the environments, in the order of --cluster; default: names like the clusters'. With Copilot: the environments to take over; default: all")
	flags.StringVar(&o.region, "region", "", "the region of the clusters, or that in which Copilot keeps the application; default: that of the AWS configuration")
	flags.StringVar(&o.from, "from", "", "a configuration of ecspresso: YAML, JSON or Jsonnet; or the directory copilot/ of an application")
	flags.StringVar(&o.copilot, "copilot", "", "an application of AWS Copilot, from its stacks alone")
	flags.StringVar(&o.app, "app", "", "the name of the application; default: what the repositories have in common, or the cluster's; with Copilot, the application's")
	flags.StringVar(&o.dir, "dir", ".", "the directory to write to")
	flags.BoolVar(&o.example, "example", false, "write an example that runs in the sandbox")
	flags.BoolVar(&o.pin, "pin", false, "pin what runs, as the commands do that are printed otherwise")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print what would be written, and write nothing")
	return cmd
}

func (o initOptions) check() error {
	forms := 0
	for _, given := range []bool{len(o.clusters) > 0, o.from != "", o.copilot != "", o.example} {
		if given {
			forms++
		}
	}
	switch {
	case forms != 1:
		return tagboat.Usagef("init requires one of --cluster, --from, --copilot, --example").
			WithHint("tagboat init --cluster CLUSTER takes over what runs there; tagboat init --example begins with nothing")
	case strings.HasPrefix(o.copilot, "-"):
		return tagboat.Usagef("--copilot takes the name of an application, not %s", o.copilot).
			WithHint("tagboat init --copilot APP reads the stacks of one application; tagboat init --from copilot/ reads the directory")
	case len(o.clusters) == 0 && !o.fromCopilot() && (len(o.services) > 0 || len(o.environments) > 1):
		return tagboat.Usagef("--service and several --env go with --cluster alone").WithHint("tagboat init --cluster CLUSTER --service SERVICE")
	case o.example && (o.pin || o.app != "" || o.region != "" || len(o.environments) > 0):
		return tagboat.Usagef("--example goes with --dir and --dry-run alone")
	default:
		return nil
	}
}

// fromCopilot reports whether an application of AWS Copilot is taken over.
func (o initOptions) fromCopilot() bool { return o.copilot != "" || scaffold.IsCopilot(o.from) }

func runInit(ctx context.Context, f *frame, o initOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	request := scaffold.Request{
		Clusters: o.clusters, Environments: named[tagboat.EnvName](o.environments), Services: o.services, Region: o.region,
		From: o.from, Copilot: o.copilot, App: o.app, Dir: o.dir, Pin: o.pin, DryRun: o.dryRun,
	}
	var document tagboat.InitDocument
	var err error
	if o.example {
		document, err = writeExample(f, request)
	} else {
		document, err = takeOver(ctx, f, request)
	}
	switch {
	case err != nil && (f.AsJSON() || document.Plan == nil):
		return err
	case f.AsJSON():
		return f.JSON(document)
	}
	screen.Init(f.Screen, document)
	return err
}

func takeOver(ctx context.Context, f *frame, request scaffold.Request) (tagboat.InitDocument, error) {
	s, err := app.Begin(ctx, app.Options{Cache: cacheDir(f.Getenv), Getenv: f.Getenv, Transport: f.transport})
	if err != nil {
		return tagboat.InitDocument{}, err
	}
	return s.Do(ctx, request)
}

// sandboxHost is where tagboat sandbox listens by default.
const sandboxHost = "127.0.0.1:4510"

// writeExample writes the application of examples/shop, with the registry of the sandbox.
func writeExample(f *frame, request scaffold.Request) (tagboat.InitDocument, error) {
	endpoint := f.Getenv("AWS_ENDPOINT_URL")
	_, host, _ := strings.Cut(endpoint, "://")
	files, err := demo.App(cmp.Or(strings.TrimSuffix(host, "/"), sandboxHost))
	if err != nil {
		return tagboat.InitDocument{}, err
	}
	document, err := scaffold.Example(request, files)
	if endpoint == "" {
		document.Next = append(document.Next, "tagboat sandbox --env-file sandbox.env &", "sleep 2; set -a; . ./sandbox.env; set +a")
	}
	document.Next = append(document.Next,
		"mkdir -p site && echo hello > site/index.html",
		"for image in api web worker; do tagboat publish $image --from dir:site --tag 1.0.0; done",
		"tagboat publish proxy --from dir:site --tag 1.4",
		"tagboat pin --all --env dev",
		"tagboat deploy --env dev",
	)
	return document, err
}
