// Command tagboat keeps the versions of container images in Parameter Store and rolls
// Amazon ECS services to them. Where AWS Lambda starts it, it is a function instead,
// and by the name docker-credential-tagboat it is docker's way to log in to ECR.
package main

import (
	"os"
	"runtime/debug"

	"github.com/tagboat/tagboat/internal/cli"
	"github.com/tagboat/tagboat/internal/cli/process"
	"github.com/tagboat/tagboat/internal/console"
	_ "github.com/tagboat/tagboat/internal/garbage"
	"github.com/tagboat/tagboat/internal/lambda"
)

func main() {
	os.Exit(run())
}

// abortOnCrash lets a crash that nothing recovers end in SIGABRT (134 in a shell). Go's own
// end of it is exit code 2, which says that nothing was touched. No core is left behind: it
// would have secrets in it.
func abortOnCrash() {
	noCores()
	debug.SetTraceback("crash")
}

func run() int {
	abortOnCrash()
	ctx, stop := process.Listen()
	defer stop()
	if lambda.Inside(os.Getenv) {
		return lambda.Main(ctx, os.Getenv, os.Stderr)
	}
	if cli.IsCredentialHelper(os.Args[0]) {
		return cli.CredentialHelper(ctx, os.Args[1:], console.System())
	}
	return cli.Main(ctx, os.Args[1:], console.System())
}
