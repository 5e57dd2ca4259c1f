package lambda

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"

	runtime "github.com/aws/aws-lambda-go/lambda"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/customresource"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/hint"
	"github.com/tagboat/tagboat/internal/watch/queue"
)

// Function answers what Lambda is invoked with.
type Function struct {
	Resources *customresource.Handler
	Watching  *Watching
	Log       *slog.Logger
}

var _ runtime.Handler = (*Function)(nil)

// Invoke implements the runtime's Handler. An error makes Lambda try an event again that
// nobody waits for, which is safe.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	if customresource.IsRequest(event) {
		return nil, f.resource(ctx, event)
	}
	ctx, _ = operation.Start(ctx, func(e operation.Event) { f.Log.WarnContext(ctx, e.String()) })
	if records := readBatch(event); len(records) > 0 {
		return f.batch(ctx, records)
	}
	hints, err := queue.Read(hint.Parse, string(event))
	var broken queue.Panic
	switch {
	case errors.As(err, &broken):
		f.refused(ctx, err)
		return nil, err
	case err != nil:
		err := tagboat.Usagef("the event is none that tagboat answers").
			WithHint("it answers events of EventBridge, the messages of a queue with such events, and requests of CloudFormation's custom resources %s and %s", customresource.ParseDictType, customresource.PinsType)
		f.refused(ctx, err)
		return nil, err
	case len(hints) == 0:
		queue.Drop(ctx, f.Log, queue.Message{Body: string(event)}, nil)
		return nil, nil
	}
	return nil, f.event(ctx, hints)
}

func (f *Function) resource(ctx context.Context, event []byte) error {
	request, err := customresource.ParseRequest(event)
	if err != nil {
		f.Log.ErrorContext(ctx, err.Error())
		return err
	}
	ctx, _ = operation.Start(ctx, func(e operation.Event) { f.Log.WarnContext(ctx, e.String()) })
	outcome, err := f.Resources.Handle(ctx, request)
	switch {
	case err != nil:
		f.Log.ErrorContext(ctx, err.Error(), "outcome", outcome)
	case outcome.Failed != "":
		f.Log.WarnContext(ctx, "custom resource refused", "outcome", outcome)
	default:
		f.Log.InfoContext(ctx, "custom resource answered", "outcome", outcome)
	}
	return err
}

// runtimeAPI is the variable that Lambda sets for a function, and nobody else.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
const runtimeAPI = "AWS_LAMBDA_RUNTIME_API"

// Inside tells whether Lambda runs this process.
func Inside(getenv func(string) string) bool { return getenv(runtimeAPI) != "" }

// Main answers events until Lambda ends the process. It returns, with an exit code, only
// where the function cannot start. TAGBOAT_CONFIG says where tagboat.yaml is; left out,
// it is beside the binary, where Lambda starts it.
func Main(ctx context.Context, getenv func(string) string, log io.Writer) int {
	logger := slog.New(slog.NewJSONHandler(log, nil))
	options := app.Options{Config: cmp.Or(getenv("TAGBOAT_CONFIG"), "tagboat.yaml"), Releases: true}
	resources, err := app.Resources(ctx, options)
	if err != nil {
		logger.ErrorContext(ctx, err.Error())
		return 1
	}
	watching := &Watching{Open: func(ctx context.Context) (*watch.Watcher, error) {
		a, err := app.Open(ctx, options)
		if err != nil {
			return nil, err
		}
		watcher := a.Watcher()
		watcher.Log = logger
		return watcher, nil
	}}
	runtime.StartWithOptions(&Function{Resources: resources, Watching: watching, Log: logger}, runtime.WithContext(ctx))
	return 0
}
