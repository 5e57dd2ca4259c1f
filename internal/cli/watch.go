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
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/endpoint"
	"github.com/tagboat/tagboat/internal/watch/hint"
	"github.com/tagboat/tagboat/internal/watch/meter"
	"github.com/tagboat/tagboat/internal/watch/queue"
)

type watchOptions struct {
	targets
	queue                string
	listen               string
	settle, sweep, grace time.Duration // 0 for what tagboat.yaml says
	once, dryRun         bool
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
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.once, "once", false, "look at everything once, act, and end")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be decided now, and change nothing")
	cmd.Flags().StringVar(&o.queue, "queue", "", "URL of the SQS queue (default watch.queue of the file)")
	cmd.Flags().DurationVar(&o.settle, "settle", 0, "how long an environment gathers events (default watch.settle of the file)")
	cmd.Flags().DurationVar(&o.sweep, "sweep", 0, "how often to look at everything (default watch.sweep of the file)")
	cmd.Flags().DurationVar(&o.grace, "grace", 0, "how long work may take after SIGTERM (default watch.grace of the file)")
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:9464", "HOST:PORT of health, metrics and webhooks, or none")
	return cmd
}

// check refuses what makes no sense.
func (o watchOptions) check() error {
	if o.settle < 0 || o.sweep < 0 || o.grace < 0 {
		return tagboat.Usagef("--settle, --sweep and --grace must be positive")
	}
	if o.queue != "" {
		if err := config.CheckQueue(o.queue); err != nil {
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
	w := a.Watcher()
	w.Scope, w.Log = selected, watchLog(f)
	w.Settle, w.Sweep, w.Grace = cmp.Or(o.settle, w.Settle), cmp.Or(o.sweep, w.Sweep), cmp.Or(o.grace, w.Grace)
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
	names := make([]string, len(watched))
	for i, env := range watched {
		names[i] = string(env.Name)
	}
	w.Log.Info("watching", "environments", strings.Join(names, " "), "queue", cmp.Or(o.queue, a.Config.Watch.Queue, nowhere), "sweep", w.Sweep.String())
	if err := w.Run(ctx, sources...); err != nil {
		return err
	}
	w.Log.Info("stopped")
	return nil
}

// sources returns where hints come from.
func (o watchOptions) sources(f *frame, a *app.App, w *watch.Watcher) ([]hint.Source, error) {
	var sources []hint.Source
	var counts *meter.Meter
	ready := &endpoint.Readiness{}
	w.Looked = ready.Looked
	if o.listen != nowhere {
		counts = meter.New()
		w.Meter = counts
		secret := f.Getenv(endpoint.SecretVariable)
		answers, err := endpoint.New(endpoint.Options{
			Listen: o.listen, Token: f.Getenv(endpoint.TokenVariable), Secret: secret, Ready: ready.Err, Metrics: counts, Log: w.Log,
		})
		if err != nil {
			return nil, err
		}
		sources = append(sources, answers)
		w.Log.Info("listening", "on", answers.Addr(), "webhooks", secret != "")
	}
	url := cmp.Or(o.queue, a.Config.Watch.Queue)
	if url == "" {
		if o.listen == nowhere || f.Getenv(endpoint.SecretVariable) == "" {
			w.Log.Warn("there is neither a queue nor a webhook: only sweeps find what was pushed", "sweep", w.Sweep.String())
		}
		return sources, nil
	}
	messages := a.Fleet.Access.Queue(url)
	source := &queue.Source{SQS: messages, Now: messages.Now, Grace: w.Grace, Log: w.Log, Received: ready.Received}
	if counts != nil {
		source.Age = counts.QueueAge
		source.Dropped = func() { counts.Hint("dropped") }
	}
	return append(sources, source), nil
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
