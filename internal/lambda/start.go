package lambda

import (
	"cmp"
	"context"
	"io"
	"log/slog"

	runtime "github.com/aws/aws-lambda-go/lambda"

	"github.com/tagboat/tagboat/internal/app"
)

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
