// Package serve puts the page, the API and a watcher's answers together into one HTTP server:
//
//	request ──▶ headers ──▶ /healthz ──▶ watch/endpoint
//	                   ├──▶ /webhooks/ ──▶ watch/endpoint, which knows its callers by their secret
//	                   └──▶ door ──▶ /readyz, /metrics ──▶ watch/endpoint
//	                            ├──▶ /api/ ──▶ api ──▶ desk, board
//	                            └──▶ /     ──▶ page ──▶ desk, board
//
// A watcher, the board and what people began run beside it.
package serve

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat/internal/watch/endpoint"
)

// Parts are what answers requests. What is nil is not there.
type Parts struct {
	// Door lets in who may come in, and says to what is behind it who that is.
	Door func(http.Handler) http.Handler
	API  http.Handler // below /api/
	Page http.Handler // everything else
	// Endpoint returns what answers health, metrics and webhooks, all but these behind a guard.
	Endpoint func(guard func(http.Handler) http.Handler) http.Handler
}

// Handler returns the one handler of all parts.
func (p Parts) Handler() http.Handler {
	inside := http.NewServeMux()
	inside.Handle("/api/", or(p.API, "there is no API here"))
	inside.Handle("/", or(p.Page, "there is no page here"))
	mux := http.NewServeMux()
	mux.Handle("/", p.Door(inside))
	if p.Endpoint != nil {
		outside := p.Endpoint(p.guard)
		for _, path := range []string{"/healthz", "/readyz", "/metrics", "/webhooks/"} {
			mux.Handle(path, outside)
		}
	}
	return strict(whole(compressed(mux)))
}

// guard lets everybody ask for health, since load balancers have no token: it says nothing else. The
// rest is behind the door.
func (p Parts) guard(next http.Handler) http.Handler {
	inside := p.Door(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			next.ServeHTTP(w, r)
			return
		}
		inside.ServeHTTP(w, r)
	})
}

// or returns h, or what says that it is not there.
func or(h http.Handler, missing string) http.Handler {
	if h != nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, missing, http.StatusNotFound) })
}

// Server answers on one address, with what runs beside it.
type Server struct {
	Listener net.Listener
	Handler  http.Handler
	// Beside are run until the context ends: the board, whose streams end with it, and a watcher, which
	// takes its grace. One that fails ends the server.
	Beside []func(context.Context) error
	// Finish waits for what people began, until its context ends; nil where nobody can.
	Finish func(context.Context)
	Grace  time.Duration // how long that may take
	Log    *slog.Logger
}

// How long a client may take, and an answer: a stream sets its own deadlines. A plan of many services
// takes its time.
const (
	headerTime = 5 * time.Second
	bodyTime   = 10 * time.Second
	answerTime = 2 * time.Minute
	idleTime   = 2 * time.Minute
)

// Run answers requests until ctx ends. Then it answers no more, ends the streams at once, and lets what
// is under way go on for its grace.
func (s *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	server := &http.Server{
		Handler: s.Handler, MaxHeaderBytes: 32 << 10,
		ReadHeaderTimeout: headerTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	for _, run := range s.Beside {
		group.Go(func() error { return run(ctx) })
	}
	group.Go(func() error { return endpoint.Serve(ctx, s.Listener, server) })
	group.Go(func() error {
		<-ctx.Done()
		if s.Finish == nil {
			return nil
		}
		last, done := context.WithTimeout(context.WithoutCancel(ctx), s.Grace)
		defer done()
		s.Finish(last)
		return nil
	})
	return group.Wait()
}
