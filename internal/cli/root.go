// Package cli is Tagboat's command line. Each command is an options struct, a constructor
// that fills it from flags and arguments, and a run function that works with it. Only this
// package parses flags and turns errors into exit codes; screen shows what they answer.
package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/process"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/githubactions"
	"github.com/tagboat/tagboat/internal/operation"
)

// Main runs the command line and returns the exit code. Where nobody reads what it prints
// any more, it goes on, and ends with 1 where all else went well. A crash is an error.
func Main(ctx context.Context, args []string, streams *console.Streams) int {
	f := &frame{Screen: &screen.Screen{Streams: streams, Getenv: os.Getenv}, start: start}
	return f.main(ctx, args)
}

func (f *frame) main(ctx context.Context, args []string) int {
	streams, lost, wrote := process.Lasting(f.Streams)
	f.Streams, f.Log = streams, streams
	ctx, f.operation = operation.Start(ctx, f.event)
	if githubactions.Inside(f.Getenv) {
		f.Streams = streams.Through(githubactions.Guard)
	}
	root := newRoot(f)
	root.SetArgs(args)
	root.SetOut(f.Out)
	root.SetErr(f.Err)
	root.SetIn(f.In)
	settled := f.Working(func(since time.Duration) string {
		return fmt.Sprintf("working for %s, %d calls so far", since, f.operation.Calls().Total)
	})
	err := process.Ended(ctx, f.guarded(func() error { return root.ExecuteContext(ctx) }))
	settled()
	if f.stats {
		printCalls(f, f.operation.Calls())
	}
	if err != nil && !screen.WasShown(err) {
		f.Error(err)
		f.AnnotateErrors(err)
	}
	if err != nil && !wrote() && wantsJSON(f.Output, args) {
		_ = f.JSON(errorDocument(err)) // what cannot be written is lost, too
	}
	return f.exitCode(err, lost())
}

// wantsJSON reports whether a document is asked for, also where flags that are wrong kept the
// command line from being read to its end.
func wantsJSON(output string, args []string) bool {
	for i, arg := range args {
		value, joined := strings.CutPrefix(arg, "--output=")
		if short, ok := strings.CutPrefix(arg, "-o"); ok && !joined {
			value, joined = strings.TrimPrefix(short, "="), short != ""
		}
		separate := (arg == "-o" || arg == "--output") && i+1 < len(args) && args[i+1] == "json"
		if joined && value == "json" || separate {
			return true
		}
	}
	return output == "json"
}

// errorDocument returns what JSON says of an error, which may join several.
func errorDocument(err error) tagboat.ErrorDocument {
	var document tagboat.ErrorDocument
	for i, e := range console.Each(err) {
		if i == 0 {
			document.Error = tagboat.DetailOf(e)
			document.Error.Kind, document.Error.ExitCode = tagboat.KindOf(err).String(), tagboat.KindOf(err).ExitCode()
			continue
		}
		document.Others = append(document.Others, tagboat.DetailOf(e))
	}
	return document
}

func newRoot(f *frame) *cobra.Command {
	root := &cobra.Command{
		Use:           "tagboat",
		Short:         "Which image runs in which ECS environment, and which one should?",
		Long:          "Tagboat keeps the versions of your images in Parameter Store, pinned by digest,\nrolls your ECS services to them, and reports honestly how that ended and why.",
		Example:       "  tagboat status\n  tagboat deploy api=1.4.2 --env dev\n  tagboat help exit-codes",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          f.noCommand,
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Name() == cobra.ShellCompRequestCmd {
				return nil // its arguments are what somebody has begun to write
			}
			if err := f.fromEnvironment(cmd); err != nil {
				return err
			}
			if err := nothingEmpty(cmd, args); err != nil {
				return err
			}
			return f.checkOutput(cmd)
		},
	}
	root.PersistentFlags().StringVarP(&f.config, "config", "c", "", "the configuration file (default tagboat.yaml or tagboat.yml, here or in a directory above)")
	root.PersistentFlags().StringVarP(&f.Output, "output", "o", "table", "table, wide (a table past the terminal's edge) or json; of plan and promote --dry-run also markdown")
	root.PersistentFlags().BoolVarP(&f.Verbose, "verbose", "v", false, "digests, and notes on what is usual")
	root.PersistentFlags().BoolVar(&f.stats, "stats", false, "print the calls to AWS by operation at the end")
	root.Flags().Bool(versionFlag, false, "print the version")
	root.SetFlagErrorFunc(wrongFlag)
	withExitCodes(root)
	root.AddGroup(&cobra.Group{ID: "truth", Title: "What should run:"},
		&cobra.Group{ID: "deploy", Title: "Making it so:"},
		&cobra.Group{ID: "try", Title: "Trying it out:"})
	root.AddCommand(newInit(f), newImages(f), newPin(f), newPins(f), newVars(f), newHistory(f), newHold(f), newUnhold(f), newTag(f), newPublish(f), newLogin(f))
	root.AddCommand(newPlan(f), newDeploy(f), newStatus(f), newDrift(f), newWhere(f), newWhy(f), newExplain(f), newDoctor(f), newLogs(f), newOpen(f))
	root.AddCommand(newApprove(f), newPromote(f), newRelease(f), newRollback(f), newCheckRollbacks(f), newContinue(f), newWatch(f), newServe(f), newSandbox(f), newDemo(f), newVersion(f), newGenerate(f), newExitCodes())
	for _, c := range root.Commands() {
		c.Args = usage(c.Args)
	}
	f.completions(root)
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
		value := f.Getenv(name)
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

// inMarkdown marks a command that can answer in Markdown.
const inMarkdown = "markdown"

func (f *frame) checkOutput(cmd *cobra.Command) error {
	_, marked := cmd.Annotations[inMarkdown]
	switch f.Output {
	case inMarkdown:
		if !marked {
			return tagboat.Usagef("%s has no output in Markdown", cmd.CommandPath()).WithHint("plan, promote --dry-run, release diff and release notes have")
		}
		return nil
	case "wide":
		f.Wide, f.Width = true, 0
		return nil
	case "table", "json":
		return nil
	default:
		return tagboat.Usagef("unknown output %q", f.Output).WithHint("--output takes table, wide, json and, of plan, promote --dry-run, release diff and release notes, markdown")
	}
}

// frame is what every command has: the screen and the flags that all of them take.
type frame struct {
	*screen.Screen
	config    string // "" until it is found
	stats     bool
	operation *operation.Operation // what this command is
	// transport carries the requests to AWS, registries and webhooks; nil means that of net/http.
	transport http.RoundTripper
	start     func(command []string) error // starts a program that outlives the command
}

// open reads the configuration and prepares the way to AWS; it calls nothing yet.
func (f *frame) open(ctx context.Context) (*app.App, error) { return f.openFor(ctx, false) }

// openFor is open for a command whose templates come from releases, or for any other.
func (f *frame) openFor(ctx context.Context, releases bool) (*app.App, error) {
	if f.config == "" {
		found, err := config.Find(".")
		if err != nil {
			return nil, err
		}
		f.config = found
	}
	return app.Open(ctx, app.Options{
		Config:    f.config,
		Releases:  releases,
		Cache:     cacheDir(f.Getenv),
		Getenv:    f.Getenv,
		Transport: f.transport,
	})
}

// event prints what happens on the way.
func (f *frame) event(e operation.Event) {
	if _, usual := e.(interface{ Usual() }); usual && !f.Verbose {
		return
	}
	f.Notice(e.String())
}

// printCalls prints how many requests went out, by operation, the most frequent first.
func printCalls(f *frame, calls tagboat.Calls) {
	f.Talkf("%d calls, %d throttled, %d retried\n", calls.Total, calls.Throttled, calls.Retried)
	names := slices.Sorted(maps.Keys(calls.ByOperation))
	slices.SortStableFunc(names, func(a, b string) int { return calls.ByOperation[b] - calls.ByOperation[a] })
	for _, name := range names {
		throttled := ""
		if n := calls.ThrottledByOperation[name]; n > 0 {
			throttled = fmt.Sprintf(" (%d throttled)", n)
		}
		f.Talkf("%6d  %s%s\n", calls.ByOperation[name], name, throttled)
	}
}

// cacheDir returns the directory for what a later run need not read again, or "" where
// there is none or TAGBOAT_CACHE=off asks for none.
func cacheDir(getenv func(string) string) string {
	if getenv("TAGBOAT_CACHE") == "off" {
		return ""
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "" // a user without a home, as in many containers
	}
	return filepath.Join(dir, "tagboat")
}

// crashed prints a fault of Tagboat's own, and returns it as an error.
func (f *frame) crashed(fault any, stack []byte) error {
	f.Talkf("%s\n", console.Lines(string(stack)))
	err := tagboat.Errorf(tagboat.Internal, "tagboat crashed: %v; what it has begun in ECS continues", fault).
		WithHint("tagboat status shows what runs, and tagboat deploy --resume watches what goes on; please report it with the lines above")
	f.Error(err)
	return screen.Shown(err)
}

// guarded runs a command, and returns a crash of it as its error.
func (f *frame) guarded(run func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = f.crashed(fault, debug.Stack())
		}
	}()
	return run()
}

// exitCode returns the code of a command that ended in err. Where what it said could not be
// written that is an error, unless the command ended in one that says more.
func (f *frame) exitCode(err, lost error) int {
	if err != nil {
		return tagboat.KindOf(err).ExitCode()
	}
	if lost != nil {
		if !errors.Is(lost, syscall.EPIPE) { // who closed a pipe wants to hear no more
			f.Error(fmt.Errorf("what was to be printed could not be written: %w", lost))
		}
		return tagboat.Internal.ExitCode()
	}
	return 0
}
