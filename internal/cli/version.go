package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

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
