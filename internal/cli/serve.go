package cli

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/demo"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/endpoint"
	"github.com/tagboat/tagboat/internal/watch/hint"
	"github.com/tagboat/tagboat/internal/watch/meter"
)

type serveOptions struct {
	targets
	pace
	listen            string
	noWatch, readOnly bool
}

func newServe(f *frame) *cobra.Command {
	o := serveOptions{targets: targets{fromReleases: true}}
	cmd := &cobra.Command{
		Use:   "serve [--env ENV...|--stage STAGE|--tenant TENANT]",
		Short: "Serve the page and the API: what runs where, live, and what to do about it",
		Long: "Serves a page with the matrix of status, kept up to date, and its documents as JSON below\n" +
			"/api/v1/. People promote, roll back, hold, approve and continue there: each time after a\n" +
			"dry run. A watcher runs beside it, as tagboat watch does, where a stage has auto.\n\n" +
			"On a loopback address the page is for the user of this machine. Elsewhere people need the\n" +
			"token in TAGBOAT_SERVE_TOKEN, one of serve.tokens, or a proxy that names them: see\n" +
			"docs/serve.md. SIGTERM ends the streams at once, and lets what people and the watcher\n" +
			"began go on for --grace. /healthz, /readyz and /metrics are answered on the same address.",
		Example: "  tagboat serve\n  tagboat serve --no-watch --read-only\n  tagboat serve --listen 0.0.0.0:4520 --queue https://sqs.eu-west-1.amazonaws.com/111111111111/tagboat",
		GroupID: "deploy",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runServe(cmd.Context(), f, o) },
	}
	o.targets.flags(cmd)
	o.pace.flags(cmd)
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:4520", "HOST:PORT of the page; port 0 picks one")
	cmd.Flags().BoolVar(&o.noWatch, "no-watch", false, "the page alone: nothing is deployed because it was pushed")
	cmd.Flags().BoolVar(&o.readOnly, "read-only", false, "nobody changes anything from the page, and nothing is watched")
	return cmd
}

// check refuses what makes no sense.
func (o serveOptions) check() error {
	if err := o.pace.check(); err != nil {
		return err
	}
	if (o.noWatch || o.readOnly) && (o.queue != "" || o.settle != 0) {
		return tagboat.Usagef("--queue and --settle are for a watcher, and --no-watch and --read-only run none").WithHint("leave out either")
	}
	return nil
}

func runServe(ctx context.Context, f *frame, o serveOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	return servePage(ctx, f, o, a, o.watcher(f, a, selected))
}

// How fast the sandbox's time runs under the page, and how long before now it begins: in yesterday's window
// of prod.
const (
	liveSpeed   = 10
	liveEarlier = 20 * time.Hour
)

// serveDemo shows a demo on the page until ctx ends.
func serveDemo(ctx context.Context, f *frame, o demoOptions, inside *clock.Scaled, options demo.Options) error {
	f.Talkf("A first release goes to six environments …\n")
	live, err := demo.NewLive(ctx, options, o.seed)
	if err != nil {
		return err
	}
	if behind := time.Since(inside.Now()); behind > 0 {
		inside.Advance(behind)
	}
	its := serveOptions{listen: o.listen, pace: pace{settle: 2 * time.Second, sweep: 15 * time.Second, grace: 2 * time.Second}}
	w := its.watcher(f, live.Pipeline, fleet.Selection{})
	if f.ErrTTY && !f.Verbose { // the page shows what is decided, and its address stays in sight
		w.Log = slog.New(slog.NewTextHandler(logLines{f.Streams}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	return servePage(ctx, f, its, live.You, w, live)
}

// watches returns the environments that are watched; none where nobody asks for it.
func (o serveOptions) watches(w *watch.Watcher) ([]config.Environment, error) {
	if o.noWatch || o.readOnly {
		return nil, nil
	}
	watched, err := w.Watched()
	if err == nil && len(watched) == 0 {
		w.Log.Info("no environment that is chosen is of a stage with auto: nothing is deployed because it was pushed")
	}
	return watched, err
}

// servePage serves until ctx ends, with a watcher beside that hears from more sources.
func servePage(ctx context.Context, f *frame, o serveOptions, a *app.App, w *watch.Watcher, more ...hint.Source) error {
	listener, err := endpoint.Listen(o.listen, func(*net.TCPAddr) error { return nil }) // the door decides whether it may
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // where somebody answered, it is closed
	counts, ready := meter.New(), &endpoint.Readiness{}
	served := app.ServeOptions{
		Listener: listener, Scope: w.Scope, ReadOnly: o.readOnly, Sweep: w.Sweep, Grace: w.Grace, Calls: counts.Calls, Log: w.Log,
		Endpoint: answers(f, w, ready, counts),
	}
	watched, err := o.watches(w)
	if err != nil {
		return err
	}
	if len(watched) > 0 {
		served.Watcher = w
		served.Sources = slices.Concat(more, o.messages(a, w, ready, counts, len(more) > 0 || served.Endpoint.Secret != ""))
	} else {
		served.Endpoint.Secret = "" // nobody would look
	}
	server, err := a.Server(ctx, served)
	if err != nil {
		return err
	}
	if len(watched) > 0 {
		o.announce(a, w, watched)
	}
	url := cmp.Or(a.Config.Serve.URL, "http://"+listener.Addr().String())
	w.Log.Info("listening", "on", listener.Addr().String(), "webhooks", served.Endpoint.Secret != "")
	if f.ErrTTY {
		f.Talkf("%s Ctrl-C stops it.\n", f.OnErr(console.Good, "The page is at "+url+"."))
	}
	if err := server.Run(ctx); err != nil {
		return err
	}
	w.Log.Info("stopped")
	return nil
}
