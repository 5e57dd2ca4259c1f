// Package cli is Tagboat's command line. Each command is an options struct, a constructor
// that fills it from flags and arguments, and a run function that works with it. Only this
// package parses flags, prints, and turns errors into exit codes.
package cli

import (
	"context"
	"errors"
	"os"
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
		Example:       "  tagboat status\n  tagboat deploy api=1.4.2 --env dev\n  tagboat help exit-codes",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          f.noCommand,
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
	root.PersistentFlags().StringVarP(&f.config, "config", "c", "", "the configuration file (default tagboat.yaml or tagboat.yml, here or in a directory above)")
	root.PersistentFlags().StringVarP(&f.output, "output", "o", "table", "table or json")
	root.PersistentFlags().BoolVar(&f.stats, "stats", false, "print the calls to AWS by operation at the end")
	root.Flags().Bool(versionFlag, false, "print the version")
	root.SetFlagErrorFunc(wrongFlag)
	withExitCodes(root)
	root.AddGroup(&cobra.Group{ID: "truth", Title: "What should run:"},
		&cobra.Group{ID: "deploy", Title: "Making it so:"},
		&cobra.Group{ID: "try", Title: "Trying it out:"})
	root.AddCommand(newImages(f), newPin(f), newPins(f), newHistory(f), newHold(f), newUnhold(f), newTag(f), newPublish(f), newLogin(f), newPlan(f), newDeploy(f), newStatus(f), newExplain(f), newDoctor(f), newRollback(f), newContinue(f), newSandbox(f), newDemo(f), newVersion(f), newGenerate(f), newExitCodes())
	for _, c := range root.Commands() {
		c.Args = usage(c.Args)
	}
	return root
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
