// Package endpoint answers a watcher's HTTP requests: health, metrics and webhooks. A webhook is a
// reason to look, and never what is believed.
package endpoint

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/tagboat/tagboat/internal/watch/hint"
)

// Options say where an endpoint listens, and whom it answers.
type Options struct {
	Listen  string       // HOST:PORT; port 0 picks one
	Token   string       // whom health and metrics are answered to on an address that is not a loopback one
	Secret  string       // of webhooks; "" turns them off
	Ready   func() error // why the watcher is not ready; nil means that it always is
	Metrics http.Handler // nil for none
	Log     *slog.Logger
}

// Endpoint is an HTTP server whose webhooks are a source of hints.
type Endpoint struct{}

var _ hint.Source = (*Endpoint)(nil)

// New listens, and answers nobody before Run. The error is of kind Usage where the address needs a
// token and there is none.
func New(o Options) (*Endpoint, error) { panic("to be written") }

// Addr returns the address that the endpoint listens on, as HOST:PORT.
func (e *Endpoint) Addr() string { panic("to be written") }

// Run answers requests until ctx ends, and hands over what webhooks say.
func (e *Endpoint) Run(ctx context.Context, out chan<- hint.Message) error { panic("to be written") }
