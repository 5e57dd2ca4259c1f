package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat/internal/sandbox"
)

// serving is a sandbox that answers requests.
type serving struct {
	failed <-chan struct{} // closed where serving ended by itself
	stop   func() error    // ends it and waits; returns why it failed, if it did
}

// serve answers requests on listener until stop is called or ctx ends.
func serve(ctx context.Context, server *sandbox.Server, listener net.Listener) serving {
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	web := &http.Server{Handler: sandbox.Guard(server), ReadHeaderTimeout: 10 * time.Second}
	group.Go(func() error {
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving the sandbox: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		if err := server.Run(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("running the sandbox: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return shutDown(context.WithoutCancel(ctx), web)
	})
	return serving{failed: ctx.Done(), stop: func() error {
		cancel()
		return errors.Join(group.Wait(), server.Close())
	}}
}

// shutDown gives requests that are under way two seconds to end.
func shutDown(ctx context.Context, web *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := web.Shutdown(ctx); err != nil {
		return web.Close()
	}
	return nil
}
