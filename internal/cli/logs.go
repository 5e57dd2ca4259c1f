package cli

import (
	"context"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
)

type logsOptions struct {
	targets
	since     when
	container string
	follow    bool
}

func newLogs(f *frame) *cobra.Command {
	o := logsOptions{since: when{When: access.When{Ago: 10 * time.Minute}, text: "10m"}}
	cmd := &cobra.Command{
		Use:     "logs [--env ENV] SERVICE...",
		Short:   "Print what the containers of a service's running tasks print",
		Long:    "Reads CloudWatch Logs where containers of running tasks write to it with the awslogs\ndriver. With --follow it goes on, with new tasks as they come, until Ctrl-C.",
		Example: "  tagboat logs api --env prod -f\n  tagboat logs api --env prod --since 2h --container app",
		GroupID: "deploy",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.services = args
			return runLogs(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on with what comes")
	cmd.Flags().Var(&o.since, "since", "from when, or from how long ago: 2026-01-02T10:30:00Z, 3h")
	cmd.Flags().StringVar(&o.container, "container", "", "of this container alone")
	return cmd
}

// logsDocument is what logs prints with -o json.
type logsDocument struct {
	Lines []delivery.LogLine `json:"lines"`
}

func runLogs(ctx context.Context, f *frame, o logsOptions) error {
	if o.follow && f.AsJSON() {
		return tagboat.Usagef("--follow has no end, and so no document").WithHint("leave out -o json or --follow")
	}
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	request := delivery.LogsRequest{Selection: selected, Container: tagboat.ContainerName(o.container), Since: o.since.When, Follow: o.follow}
	document := logsDocument{Lines: []delivery.LogLine{}}
	err = a.View.Logs(ctx, request, func(lines []delivery.LogLine) {
		if f.AsJSON() {
			document.Lines = append(document.Lines, lines...)
			return
		}
		for _, line := range lines {
			printLogLine(f.Screen, line)
		}
	})
	if err != nil || !f.AsJSON() {
		return err
	}
	return f.JSON(document)
}

// printLogLine prints a line, or several that were printed at once, behind where it is from.
func printLogLine(on *screen.Screen, line delivery.LogLine) {
	from := on.OnOut(console.Accent, string(line.Environment)+"/"+string(line.Service)+" "+string(line.Container)+" "+line.Task[:min(8, len(line.Task))])
	at := on.OnOut(console.Faint, line.At.UTC().Format("2006-01-02 15:04:05.000Z"))
	for text := range strings.Lines(line.Message + "\n") {
		if text = strings.TrimRight(text, "\r\n"); text != "" {
			on.Printf("%s %s  %s\n", at, from, console.Lines(text))
		}
	}
}

type openOptions struct {
	targets
	print bool
}

func newOpen(f *frame) *cobra.Command {
	var o openOptions
	cmd := &cobra.Command{
		Use:     "open [--env ENV] SERVICE...",
		Short:   "Show a service in AWS's console",
		Long:    "Prints the address of each service's page, and opens it in a browser where there is a\nterminal and a browser.",
		Example: "  tagboat open api --env prod\n  tagboat open api --env prod --print",
		GroupID: "deploy",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.services = args
			return runOpen(cmd.Context(), f, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.print, "print", false, "print the address, and open nothing")
	return cmd
}

// openDocument is what open prints with -o json.
type openDocument struct {
	Pages []delivery.ConsolePage `json:"pages"`
}

// pagesAtOnce is how many pages are opened for one command.
const pagesAtOnce = 5

func runOpen(ctx context.Context, f *frame, o openOptions) error {
	return answer(ctx, f, o.targets, func(a *app.App, selected fleet.Selection) (openDocument, error) {
		pages, err := a.View.ConsolePages(selected)
		return openDocument{pages}, err
	}, func(_ *screen.Screen, document openDocument) {
		for _, page := range document.Pages {
			f.Printf("%s\n", page.URL)
		}
		browser, terminal := f.browser(runtime.GOOS), f.Seen()
		if o.print || !terminal || browser == nil || len(document.Pages) > pagesAtOnce {
			return
		}
		for _, page := range document.Pages {
			if err := f.start(append(browser, page.URL)); err != nil {
				f.Notice("no browser was opened: " + err.Error())
				return
			}
		}
	})
}

// browser returns the command that shows a page on a system, or nil where nobody would see it.
func (f *frame) browser(system string) []string {
	switch {
	case f.Getenv("BROWSER") != "":
		return []string{f.Getenv("BROWSER")}
	case system == "darwin":
		return []string{"open"}
	case system == "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}
	case f.Getenv("DISPLAY") != "" || f.Getenv("WAYLAND_DISPLAY") != "":
		return []string{"xdg-open"}
	default:
		return nil
	}
}

// start starts a program that outlives the command, and whose output nobody needs.
func start(command []string) error {
	cmd := exec.CommandContext(context.Background(), command[0], command[1:]...)
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
