package lambda

import (
	"context"
	"log/slog"

	runtime "github.com/aws/aws-lambda-go/lambda"

	"github.com/tagboat/tagboat"
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
