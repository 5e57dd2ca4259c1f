package cli

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/endpoint"
	"github.com/tagboat/tagboat/internal/watch/hint"
	"github.com/tagboat/tagboat/internal/watch/meter"
	"github.com/tagboat/tagboat/internal/watch/queue"
)

type watchOptions struct {
	targets
	pace
	listen       string
	once, dryRun bool
}

// pace is where a watcher hears of pushes, and when it acts; zero values are for what tagboat.yaml says.
type pace struct {
	queue                string
	settle, sweep, grace time.Duration
}

func (p *pace) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.queue, "queue", "", "URL of the SQS queue (default watch.queue of the file)")
	cmd.Flags().DurationVar(&p.settle, "settle", 0, "how long an environment gathers events (default watch.settle of the file)")
	cmd.Flags().DurationVar(&p.sweep, "sweep", 0, "how often to look at everything (default watch.sweep of the file)")
	cmd.Flags().DurationVar(&p.grace, "grace", 0, "how long work may take after SIGTERM (default watch.grace of the file)")
}

// nowhere is the --listen of who answers no HTTP requests.
const nowhere = "none"

func newWatch(f *frame) *cobra.Command {
	o := watchOptions{targets: targets{fromReleases: true}}
	cmd := &cobra.Command{
		Use:   "watch [--env ENV...|--stage STAGE|--tenant TENANT]",
		Short: "Deploy what is pushed, where a stage has auto",
		Long: "Reads events of EventBridge from an SQS queue, and webhooks. An event is a reason to look:\n" +
			"at the registry by the image's rule, at the pins, and at what runs. Where the stage says\n" +
			"auto: newest or auto: upstream, Tagboat then makes the release, pins it and deploys it. A\n" +
			"sweep finds what events missed. Any number of watchers can run at the same time.\n\n" +
			"Each decision is one line of the log: text on a terminal, JSON elsewhere. --dry-run shows\n" +
			"what it would decide now and changes nothing; --once acts on that and ends, for cron.\n" +
			"SIGTERM begins nothing more, and hands back what does not end within --grace.\n\n" +
			"/healthz, /readyz and /metrics are answered on --listen: beyond loopback only with the\n" +
			"token in TAGBOAT_WATCH_TOKEN. TAGBOAT_WEBHOOK_SECRET turns webhooks on.",
		Example: "  tagboat watch --dry-run\n  tagboat watch --queue https://sqs.eu-west-1.amazonaws.com/111111111111/tagboat\n  tagboat watch --once --stage dev",
		GroupID: "deploy",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runWatch(cmd.Context(), f, o) },
	}
	o.targets.flags(cmd)
	o.pace.flags(cmd)
	cmd.Flags().BoolVar(&o.once, "once", false, "look at everything once, act, and end")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be decided now, and change nothing")
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:9464", "HOST:PORT of health, metrics and webhooks, or none")
	return cmd
}

// check refuses what makes no sense.
func (p pace) check() error {
	if p.settle < 0 || p.sweep < 0 || p.grace < 0 {
		return tagboat.Usagef("--settle, --sweep and --grace must be positive")
	}
	if p.queue != "" {
		if err := config.CheckQueue(p.queue); err != nil {
			return tagboat.Usagef("--queue: %v", err).WithHint("aws sqs get-queue-url --queue-name NAME prints it")
		}
	}
	return nil
}

func runWatch(ctx context.Context, f *frame, o watchOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	a, selected, err := o.open(ctx, f)
	if err != nil {
		return err
	}
	w := o.watcher(f, a, selected)
	watched, err := w.Watched()
	if err != nil {
		return err
	}
	if len(watched) == 0 {
		return tagboat.Usagef("no environment that is chosen is of a stage with auto, so that there is nothing to watch").
			WithHint("write auto: newest or auto: upstream at a stage in %s", a.Config.File)
	}
	if o.once || o.dryRun {
		return watchOnce(ctx, f, w, o.dryRun)
	}
	sources, err := o.sources(f, a, w)
	if err != nil {
		return err
	}
	o.announce(a, w, watched)
	if err := w.Run(ctx, sources...); err != nil {
		return err
	}
	w.Log.Info("stopped")
	return nil
}

// watcher returns a watcher of what is selected, as the file and the flags have it.
func (p pace) watcher(f *frame, a *app.App, selected fleet.Selection) *watch.Watcher {
	w := a.Watcher()
	w.Scope, w.Log = selected, watchLog(f)
	w.Settle, w.Sweep, w.Grace = cmp.Or(p.settle, w.Settle), cmp.Or(p.sweep, w.Sweep), cmp.Or(p.grace, w.Grace)
	return w
}

// announce says what is watched.
func (p pace) announce(a *app.App, w *watch.Watcher, watched []config.Environment) {
	names := make([]string, len(watched))
	for i, env := range watched {
		names[i] = string(env.Name)
	}
	w.Log.Info("watching", "environments", strings.Join(names, " "), "queue", cmp.Or(p.queue, a.Config.Watch.Queue, nowhere), "sweep", w.Sweep.String())
}

// answers returns how an endpoint of a watcher answers, which then counts and says when it is ready.
func answers(f *frame, w *watch.Watcher, ready *endpoint.Readiness, counts *meter.Meter) endpoint.Options {
	w.Looked, w.Meter = ready.Looked, counts
	return endpoint.Options{
		Token: f.Getenv(endpoint.TokenVariable), Secret: f.Getenv(endpoint.SecretVariable), Ready: ready.Err, Metrics: counts, Log: w.Log,
	}
}

// sources returns where hints come from.
func (o watchOptions) sources(f *frame, a *app.App, w *watch.Watcher) ([]hint.Source, error) {
	var sources []hint.Source
	var counts *meter.Meter
	ready := &endpoint.Readiness{}
	if o.listen != nowhere {
		counts = meter.New()
		at := answers(f, w, ready, counts)
		at.Listen = o.listen
		listening, err := endpoint.New(at)
		if err != nil {
			return nil, err
		}
		sources = append(sources, listening)
		w.Log.Info("listening", "on", listening.Addr(), "webhooks", at.Secret != "")
	}
	return append(sources, o.messages(a, w, ready, counts, o.listen != nowhere && f.Getenv(endpoint.SecretVariable) != "")...), nil
}

// messages returns the queue as a source of hints; none where there is none, which is said unless
// something else is heard.
func (p pace) messages(a *app.App, w *watch.Watcher, ready *endpoint.Readiness, counts *meter.Meter, heard bool) []hint.Source {
	url := cmp.Or(p.queue, a.Config.Watch.Queue)
	if url == "" {
		if !heard {
			w.Log.Warn("there is neither a queue nor a webhook: only sweeps find what was pushed", "sweep", w.Sweep.String())
		}
		return nil
	}
	messages := a.Fleet.Access.Queue(url)
	source := &queue.Source{SQS: messages, Now: messages.Now, Grace: w.Grace, Log: w.Log, Received: ready.Received}
	if counts != nil {
		source.Age = counts.QueueAge
		source.Dropped = func() { counts.Hint("dropped") }
	}
	return []hint.Source{source}
}

// watchOnce looks at everything once, and shows what was decided.
func watchOnce(ctx context.Context, f *frame, w *watch.Watcher, dryRun bool) error {
	if dryRun {
		w.Log = slog.New(slog.DiscardHandler)
	}
	decisions, err := w.Once(ctx, nil, watch.OnceOptions{DryRun: dryRun})
	document := tagboat.WatchDocument{Decisions: tagboat.List(decisions), Calls: f.operation.Calls()}
	if shown := show(f, document, screen.Decisions); shown != nil {
		return shown
	}
	if err == nil {
		return screen.Decided(document)
	}
	f.Error(err)
	return screen.Shown(err)
}

// watchLog returns the log of a watcher: text for people, JSON for programs.
func watchLog(f *frame) *slog.Logger {
	o := &slog.HandlerOptions{}
	if f.Verbose {
		o.Level = slog.LevelDebug
	}
	if f.ErrTTY {
		return slog.New(slog.NewTextHandler(logLines{f.Streams}, o))
	}
	return slog.New(slog.NewJSONHandler(logLines{f.Streams}, o))
}

// logLines prints each line of a log as talk.
type logLines struct{ to *console.Streams }

// Write implements io.Writer.
func (l logLines) Write(line []byte) (int, error) {
	l.to.Talkf("%s\n", strings.TrimSuffix(string(line), "\n"))
	return len(line), nil
}
