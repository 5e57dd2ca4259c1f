// Command tagboat keeps the versions of container images in Parameter Store and rolls
// Amazon ECS services to them. Where AWS Lambda starts it, it is a function instead,
// and by the name docker-credential-tagboat it is docker's way to log in to ECR.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/tagboat/tagboat/internal/cli"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/lambda"
)

func main() {
	os.Exit(run())
}

// garbage lets the heap grow by half before it is collected, where Go's own choice is to
// double it: memory is scarcer than time where Tagboat runs. GOGC still counts.
const garbage = 50

func run() int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second Ctrl-C ends at once what a first one could not.
	context.AfterFunc(ctx, stop)
	if lambda.Inside(os.Getenv) {
		return lambda.Main(ctx, os.Getenv, os.Stderr)
	}
	if cli.IsCredentialHelper(os.Args[0]) {
		return cli.CredentialHelper(ctx, os.Args[1:], console.System())
	}
	return cli.Main(ctx, os.Args[1:], console.System())
}
