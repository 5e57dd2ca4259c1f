// Package cli is Tagboat's command line. Each command is an options struct, a constructor
// that fills it from flags and arguments, and a run function that works with it. Only this
// package parses flags, prints, and turns errors into exit codes.
package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/githubactions"
	"github.com/tagboat/tagboat/internal/operation"
)

// Main runs the command line and returns the exit code. Where nobody reads what it prints
// any more, it goes on, and ends with 1 where all else went well. A crash is an error.
func Main(ctx context.Context, args []string, streams *console.Streams) int {
	f := &frame{Streams: streams, getenv: os.Getenv}
	return f.main(ctx, args)
}

func (f *frame) main(ctx context.Context, args []string) int {
	streams, lost := lasting(f.Streams)
	f.Streams, f.log = streams, streams
	ctx, f.operation = operation.Start(ctx, f.event)
	if githubactions.Inside(f.getenv) {
		f.Streams = streams.Through(githubactions.Guard)
	}
	root := newRoot(f)
	root.SetArgs(args)
	root.SetOut(f.Out)
	root.SetErr(f.Err)
	root.SetIn(f.In)
	err := afterAll(ctx, f.guarded(func() error { return root.ExecuteContext(ctx) }))
	if f.stats {
		printCalls(f, f.operation.Calls())
	}
	var q quiet
	if err != nil && !errors.As(err, &q) {
		f.Error(err)
		f.annotateErrors(err)
	}
	return f.exitCode(err, lost())
}

func newRoot(f *frame) *cobra.Command {
	root := &cobra.Command{
		Use:           "tagboat",
		Short:         "Which image runs in which ECS environment, and which one should?",
		Long:          "Tagboat keeps the versions of your images in Parameter Store, pinned by digest,\nrolls your ECS services to them, and tells honestly how that ended and why.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          noCommand,
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if err := f.fromEnvironment(cmd); err != nil {
				return err
			}
			if err := nothingEmpty(cmd, args); err != nil {
				return err
			}
			return f.checkOutput()
		},
	}
	root.PersistentFlags().StringVarP(&f.config, "config", "c", "tagboat.yaml", "the configuration file")
	root.PersistentFlags().StringVarP(&f.output, "output", "o", "table", "table or json")
	root.PersistentFlags().BoolVar(&f.stats, "stats", false, "print the calls to AWS by operation at the end")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) && unknown.GetSpecifiedName() == automation {
			return tagboat.Usagef("--automation means nothing to %s, which changes nothing that can be held", cmd.CommandPath()).WithHint("leave it out")
		}
		return tagboat.Usagef("%v", err).WithHint("see %s --help", cmd.CommandPath())
	})
	withExitCodes(root)
	root.AddGroup(&cobra.Group{ID: "truth", Title: "What should run:"},
		&cobra.Group{ID: "deploy", Title: "Making it so:"},
		&cobra.Group{ID: "try", Title: "Trying it out:"})
	root.AddCommand(newImages(f), newPin(f), newPins(f), newHistory(f), newHold(f), newUnhold(f), newTag(f), newPublish(f), newLogin(f), newPlan(f), newDeploy(f), newStatus(f), newExplain(f), newRollback(f), newContinue(f), newSandbox(f), newDemo(f), newVersion(f), newGenerate(f))
	for _, c := range root.Commands() {
		c.Args = usage(c.Args)
	}
	return root
}

// withExitCodes has the usage of every command end with the exit codes. A template for it
// would link text/template, and with it every method of every client of AWS.
func withExitCodes(root *cobra.Command) {
	usage := root.UsageFunc()
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		if err := usage(cmd); err != nil {
			return err
		}
		_, err := io.WriteString(cmd.OutOrStderr(), exitCodes)
		return err
	})
}

const exitCodes = `
Exit codes:
  0 done or nothing to do · 1 an error · 2 wrong usage or configuration, nothing was touched
  3 changes pending (--exit-code) · 4 deployment failed and was rolled back
  5 deployment failed and was not rolled back · 6 timed out, the deployment goes on
  7 superseded by somebody else's deployment · 8 blocked by a gate or a hold · 130 interrupted

Every flag can come from the environment: --max-parallel from TAGBOAT_MAX_PARALLEL.
`

// noCommand answers what is no command of ours: nothing at all gets the help.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	return tagboat.Usagef("%s has no command %q", cmd.CommandPath(), args[0]).WithHint("%s", tagboat.Suggest(args[0], names))
}

// usage makes the error of a check of arguments one of kind Usage.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			return tagboat.Usagef("%v", err).WithHint("see %s --help", cmd.CommandPath())
		}
		return nil
	}
}

// fromEnvironment sets every flag that the command line leaves out from TAGBOAT_*.
func (f *frame) fromEnvironment(cmd *cobra.Command) error {
	var failed error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		name := "TAGBOAT_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		value := f.getenv(name)
		if flag.Changed || value == "" || failed != nil {
			return
		}
		if err := cmd.Flags().Set(flag.Name, value); err != nil {
			failed = tagboat.Usagef("%s: %v", name, err)
		}
	})
	return failed
}

// nothingEmpty refuses arguments and values of flags that are empty: they come from a variable
// that is not set, and what is left would mean something else. A message may be empty.
func nothingEmpty(cmd *cobra.Command, args []string) error {
	if slices.Contains(args, "") {
		return tagboat.Usagef("an argument of %s is empty", cmd.CommandPath()).WithHint("is the variable set that it comes from?")
	}
	var failed error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		if flag.Changed && flag.Name != "message" && (len(values) == 0 || slices.Contains(values, "")) && failed == nil {
			failed = tagboat.Usagef("--%s is empty", flag.Name).WithHint("is the variable set that it comes from? Leave the flag out to mean none")
		}
	})
	return failed
}

func (f *frame) checkOutput() error {
	switch f.output {
	case "table", "json":
		return nil
	default:
		return tagboat.Usagef("unknown output %q", f.output).WithHint("--output takes table or json")
	}
}

// buildInfo is what the Go toolchain stamped into the binary.
type buildInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Time     string `json:"time"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(f *frame) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return runVersion(f, readBuildInfo()) },
	}
}

func runVersion(f *frame, info buildInfo) error {
	if f.json() {
		return f.JSON(info)
	}
	f.Printf("tagboat %s", info.Version)
	if info.Revision != "" {
		f.Printf(" (%.12s", info.Revision)
		if info.Modified {
			f.Printf(", modified")
		}
		f.Printf(")")
	}
	f.Printf(" %s %s\n", info.Go, info.Platform)
	return nil
}

func readBuildInfo() buildInfo {
	info := buildInfo{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	read, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	if read.Main.Version != "" {
		info.Version = read.Main.Version
	}
	for _, setting := range read.Settings {
		switch setting.Key {
		case "vcs.revision":
			info.Revision = setting.Value
		case "vcs.time":
			info.Time = setting.Value
		case "vcs.modified":
			info.Modified = setting.Value == "true"
		}
	}
	return info
}
