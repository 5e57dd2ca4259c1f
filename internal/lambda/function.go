package lambda

import (
	"cmp"
	"context"
	"io"
	"log/slog"

	runtime "github.com/aws/aws-lambda-go/lambda"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/customresource"
	"github.com/tagboat/tagboat/internal/operation"
)

// Function answers what Lambda is invoked with.
type Function struct {
	Resources *customresource.Handler
	Log       *slog.Logger
}

var _ runtime.Handler = (*Function)(nil)

// Invoke implements the runtime's Handler. An error makes Lambda try an event again that
// nobody waits for, which is safe.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	if !customresource.IsRequest(event) {
		err := tagboat.Usagef("the event is none that tagboat answers").
			WithHint("it answers requests of CloudFormation's custom resources %s and %s", customresource.ParseDictType, customresource.PinsType)
		f.Log.ErrorContext(ctx, err.Error(), "hint", err.Hint)
		return nil, err
	}
	return nil, f.resource(ctx, event)
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
	resources, err := app.Resources(ctx, app.Options{
		Config: cmp.Or(getenv("TAGBOAT_CONFIG"), "tagboat.yaml"),
	})
	if err != nil {
		logger.ErrorContext(ctx, err.Error())
		return 1
	}
	runtime.StartWithOptions(&Function{Resources: resources, Log: logger}, runtime.WithContext(ctx))
	return 0
}
