package endpoint

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/tagboat/tagboat/internal/watch/hint"
)

// Answers are an endpoint's answers as a part of any server. They are a source of the hints that
// webhooks have, which are refused while nobody runs it.
type Answers struct {
	options Options
	to      atomic.Pointer[outlet]
}

// outlet is where hints go, until it is closed.
type outlet struct {
	out    chan<- hint.Message
	closed <-chan struct{}
}

var _ hint.Source = (*Answers)(nil)

// NewAnswers returns answers. Where the options listen, and their token, do not matter to them.
func NewAnswers(o Options) *Answers { return &Answers{options: o} }

// Run hands over what webhooks say, until ctx ends.
func (a *Answers) Run(ctx context.Context, out chan<- hint.Message) error {
	a.to.Store(&outlet{out, ctx.Done()})
	<-ctx.Done()
	return nil
}

// Handler answers /healthz, /readyz, /metrics and what is below /webhooks/. All but webhooks, which
// need a secret, are behind guard.
func (a *Answers) Handler(guard func(http.Handler) http.Handler) http.Handler {
	hooks := webhooks{a.options.Secret, a.options.Log, a.hand}
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", guard(http.HandlerFunc(healthy)))
	mux.Handle("GET /readyz", guard(http.HandlerFunc(a.ready)))
	if a.options.Metrics != nil {
		mux.Handle("GET /metrics", guard(a.options.Metrics))
	}
	mux.HandleFunc("POST /webhooks/ghcr", hooks.ghcr)
	mux.HandleFunc("POST /webhooks/generic", hooks.generic)
	mux.HandleFunc("POST /webhooks/generic/{secret}", hooks.generic)
	return mux
}

func healthy(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") }

func (a *Answers) ready(w http.ResponseWriter, _ *http.Request) {
	if a.options.Ready != nil {
		if err := a.options.Ready(); err != nil {
			answer(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
			return
		}
	}
	answer(w, http.StatusOK, "ready")
}

// answer writes a text of one or a few lines that nobody takes for a page.
func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // who asked has gone
}
