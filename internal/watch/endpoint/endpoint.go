// Package endpoint answers a watcher's HTTP requests: health, metrics and webhooks. A webhook is a
// reason to look, and never what is believed. No secret of it appears in an answer or in the log.
package endpoint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// Options say where an endpoint listens, and whom it answers.
type Options struct {
	Listen  string       // HOST:PORT; port 0 picks one
	Token   string       // that requests for health and metrics need on an address that is not a loopback one
	Secret  string       // of webhooks; "" turns them off
	Ready   func() error // why the watcher is not ready; nil means that it always is
	Metrics http.Handler // nil for none
	Log     *slog.Logger
}

// The variables of the environment that have the secrets of an endpoint.
const (
	TokenVariable  = "TAGBOAT_WATCH_TOKEN"
	SecretVariable = "TAGBOAT_WEBHOOK_SECRET"
)

// Endpoint is an HTTP server of its own. It is a source of the hints that webhooks have.
type Endpoint struct {
	*Answers
	listener net.Listener
	loopback bool // only programs on this machine reach it
}

var _ hint.Source = (*Endpoint)(nil)

// New listens, and answers nobody before Run. The error is of kind Usage where the address needs a
// token and there is none.
func New(o Options) (*Endpoint, error) {
	loopback := false
	listener, err := Listen(o.Listen, func(at *net.TCPAddr) error {
		if loopback = at.IP.IsLoopback(); loopback || o.Token != "" {
			return nil
		}
		return tagboat.Usagef("others can reach %s, so that health and metrics need a token", o.Listen).
			WithHint("set %s, or listen on 127.0.0.1:%d", TokenVariable, at.Port)
	})
	if err != nil {
		return nil, err
	}
	return &Endpoint{NewAnswers(o), listener, loopback}, nil
}

// Listen listens on HOST:PORT, where it may. The error is that of may, or of kind Usage.
func Listen(address string, may func(at *net.TCPAddr) error) (net.Listener, error) {
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, tagboat.Usagef("%q is not an address to listen on: %v", address, err).WithHint("write HOST:PORT, such as 127.0.0.1:8080")
	}
	if err := may(at); err != nil {
		return nil, err
	}
	listener, err := net.ListenTCP("tcp", at)
	if err != nil {
		return nil, tagboat.Usagef("listening on %s: %w", address, err).WithHint("choose another address, or port 0 for any that is free")
	}
	return listener, nil
}

// Addr returns the address that the endpoint listens on, as HOST:PORT.
func (e *Endpoint) Addr() string { return e.listener.Addr().String() }

// How long a client may take, and what is under way at the end.
const (
	headerTime = 5 * time.Second
	bodyTime   = 10 * time.Second
	answerTime = 15 * time.Second
	idleTime   = time.Minute
	endTime    = 3 * time.Second
)

// Run answers requests until ctx ends, and hands over what webhooks say.
func (e *Endpoint) Run(ctx context.Context, out chan<- hint.Message) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e.to.Store(&outlet{out, ctx.Done()})
	return Serve(ctx, e.listener, &http.Server{
		Handler: e.Handler(e.guard), MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
		ErrorLog: slog.NewLogLogger(e.options.Log.Handler(), slog.LevelWarn),
	})
}

// Serve has a server answer on a listener until ctx ends. What is under way then has three seconds, and
// is cut off.
func Serve(ctx context.Context, on net.Listener, server *http.Server) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-ctx.Done()
		last, done := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer done()
		if server.Shutdown(last) != nil {
			_ = server.Close() // those that are left have had their time
		}
	}()
	err := server.Serve(on)
	cancel()
	<-ended
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("answering on %s: %w", on.Addr(), err)
}
