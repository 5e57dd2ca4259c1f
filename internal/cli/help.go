package cli

import (
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tagboat/tagboat"
)

// withExitCodes has the usage of the root end with the exit codes. A template for it would
// link text/template, and with it every method of every client of AWS.
func withExitCodes(root *cobra.Command) {
	usage := root.UsageFunc()
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		if err := usage(cmd); err != nil || cmd != root {
			return err
		}
		_, err := io.WriteString(cmd.OutOrStderr(), "\nExit codes:\n"+exitCodes+"\nEvery flag can come from the environment: --max-parallel from TAGBOAT_MAX_PARALLEL.\n")
		return err
	})
}

const exitCodes = `  0 done or nothing to do · 1 an error · 2 wrong usage or configuration, nothing was touched
  3 changes pending (--exit-code) · 4 deployment failed and was rolled back
  5 deployment failed and was not rolled back · 6 timed out, the deployment continues
  7 superseded by somebody else's deployment · 8 blocked by a gate or a hold · 130 interrupted
`

// newExitCodes returns a page of the help, which does nothing.
func newExitCodes() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "How commands end, for scripts", Long: "How commands end:\n" + exitCodes}
}

// noCommand answers what is no command of ours: nothing at all gets the help.
func (f *frame) noCommand(cmd *cobra.Command, args []string) error {
	if version, err := cmd.Flags().GetBool(versionFlag); err == nil && version && len(args) == 0 {
		return runVersion(f, readBuildInfo())
	}
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	return tagboat.Usagef("%s has no command %q", cmd.CommandPath(), args[0]).WithHint("%s", tagboat.Suggest(args[0], names))
}

// wrongFlag is the error of flags that cannot be read, with the flag that was meant.
func wrongFlag(cmd *cobra.Command, err error) error {
	e := tagboat.Usagef("%v", err).WithHint("see %s --help", cmd.CommandPath())
	var unknown *pflag.NotExistError
	switch {
	case !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "":
		return e
	case unknown.GetSpecifiedName() == automation:
		return tagboat.Usagef("--automation means nothing to %s, which changes nothing that can be held", cmd.CommandPath()).WithHint("leave it out")
	}
	if meant := similarFlag(cmd, unknown.GetSpecifiedName()); meant != "" {
		return e.WithHint("did you mean --%s? %s --help has all of them", meant, cmd.CommandPath())
	}
	return e
}

// similarFlag returns the flag that a name begins or ends, or that is close to it; "" for none.
func similarFlag(cmd *cobra.Command, name string) string {
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	begins := func(known string) bool { return strings.HasPrefix(name, known) || strings.HasPrefix(known, name) }
	closest := tagboat.Closest(name, names)
	if i := slices.IndexFunc(names, begins); i >= 0 && !strings.HasPrefix(closest, name[:min(len(name), len(names[i])+1)]) {
		return names[i]
	}
	return closest
}

// versionFlag is what the root has in place of cobra's own, whose text is a template: that would
// link text/template, and with it every method of every client of AWS.
const versionFlag = "version"

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
		Use:     "version",
		Short:   "Print the version",
		Example: "  tagboat version -o json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runVersion(f, readBuildInfo()) },
	}
}

func runVersion(f *frame, info buildInfo) error {
	if f.AsJSON() {
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
