package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/demo"
	"github.com/tagboat/tagboat/internal/sandbox"
)

func newDemo(f *frame) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "A guided run of it all in a sandbox of its own",
		GroupID: "try",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), f, keep) },
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "leave the sandbox running, to go on by hand")
	return cmd
}

func runDemo(ctx context.Context, f *frame, keep bool) (err error) {
	dir, err := os.MkdirTemp("", "tagboat-demo-")
	if err != nil {
		return fmt.Errorf("making a directory for the demo: %w", err)
	}
	if !keep {
		defer func() { err = errors.Join(err, leave(dir)) }()
	}
	server, err := sandbox.New(sandbox.Config{Clusters: []string{"dev", "staging", "prod"}})
	if err != nil {
		return fmt.Errorf("starting the sandbox: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the sandbox: %w", err)
	}
	endpoint := "http://" + listener.Addr().String()
	running := serve(ctx, server, listener)
	defer func() { err = errors.Join(err, running.stop()) }()

	env := server.Env(endpoint)
	err = demo.Run(ctx, demo.Options{
		Streams: f.Streams, Endpoint: endpoint, Env: env, Dir: dir,
		Command: func(ctx context.Context, args ...string) int { return Main(ctx, args, f.Streams) },
	})
	if err != nil || !keep {
		return err
	}
	return f.keep(ctx, env, dir)
}

// keep tells how to go on by hand and waits for Ctrl-C.
func (f *frame) keep(ctx context.Context, env []string, dir string) error {
	f.Printf("\n%s In another terminal:\n\n  cd %s\n", f.OnOut(console.Good, "The sandbox goes on until Ctrl-C."), dir)
	for _, line := range env {
		f.Printf("  export %s\n", line)
	}
	<-ctx.Done()
	return nil
}

// leave removes the demo's directory from under the process.
func leave(dir string) error {
	if err := os.Chdir(os.TempDir()); err != nil {
		return fmt.Errorf("leaving the demo's directory: %w", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing the demo's directory: %w", err)
	}
	return nil
}
