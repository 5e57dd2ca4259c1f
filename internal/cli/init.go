package cli

import (
	"cmp"
	"context"
	"path/filepath"
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
	app          string
	dir          string
	example      bool
	pin          bool
	dryRun       bool
}

func newInit(f *frame) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init --cluster NAME[,NAME...] [--service NAME...]|--from ecspresso.yml|--example",
		Short: "Write tagboat.yaml and templates from services that run",
		Long: "Reads the services of a cluster, or of several that become one environment each, and\n" +
			"writes tagboat.yaml, a task definition and a service file for each service: what\n" +
			"differs from AWS's defaults, and what differs between environments as variables.\n" +
			"Then it plans with what it wrote, which has to find nothing to do. It changes nothing\n" +
			"in AWS, unless --pin pins what runs, and it never overwrites a file. With --from, the\n" +
			"files of an ecspresso configuration stay where they are, and tagboat.yaml names them.",
		Example: "  tagboat init --cluster shop\n  tagboat init --cluster shop-dev,shop-prod --pin\n  tagboat init --from ecspresso.yml --dry-run\n  tagboat init --example",
		GroupID: "truth",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runInit(cmd.Context(), f, o) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.clusters, "cluster", nil, "clusters to read: repeated, or with commas; each becomes an environment")
	flags.StringSliceVar(&o.services, "service", nil, "services to take over, by their names in ECS: repeated, or with commas; default: all")
	flags.StringSliceVarP(&o.environments, "env", "e", nil, "names for the environments, in the order of --cluster; default: names like the clusters'")
	flags.StringVar(&o.region, "region", "", "the region of the clusters; default: that of the AWS configuration")
	flags.StringVar(&o.from, "from", "", "a configuration of ecspresso: YAML, JSON or Jsonnet")
	flags.StringVar(&o.app, "app", "", "the name of the application; default: what the repositories have in common, or the cluster's")
	flags.StringVar(&o.dir, "dir", ".", "the directory to write to")
	flags.BoolVar(&o.example, "example", false, "write an example that runs in the sandbox")
	flags.BoolVar(&o.pin, "pin", false, "pin what runs, as the commands do that are printed otherwise")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print what would be written, and write nothing")
	return cmd
}

func (o initOptions) check() error {
	forms := 0
	for _, given := range []bool{len(o.clusters) > 0, o.from != "", o.example} {
		if given {
			forms++
		}
	}
	switch {
	case o.from == "copilot" || strings.HasPrefix(filepath.Base(o.from), "copilot"):
		return tagboat.Usagef("init cannot read applications of AWS Copilot yet").
			WithHint("take over what runs: tagboat init --cluster CLUSTER, with the cluster of the Copilot environment")
	case forms != 1:
		return tagboat.Usagef("init requires one of --cluster, --from, --example").
			WithHint("tagboat init --cluster CLUSTER takes over what runs there; tagboat init --example begins with nothing")
	case len(o.clusters) == 0 && (len(o.services) > 0 || len(o.environments) > 1):
		return tagboat.Usagef("--service and several --env go with --cluster alone").WithHint("tagboat init --cluster CLUSTER --service SERVICE")
	case o.example && (o.pin || o.app != "" || o.region != "" || len(o.environments) > 0):
		return tagboat.Usagef("--example goes with --dir and --dry-run alone")
	default:
		return nil
	}
}

func runInit(ctx context.Context, f *frame, o initOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	request := scaffold.Request{
		Clusters: o.clusters, Environments: named[tagboat.EnvName](o.environments), Services: o.services, Region: o.region,
		From: o.from, App: o.app, Dir: o.dir, Pin: o.pin, DryRun: o.dryRun,
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
