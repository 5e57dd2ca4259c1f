package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/guard"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// What a webhook may send, and how long it is kept while the watcher is busy. GitHub gives up after
// ten seconds. https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
const (
	bodyLimit  = 1 << 20 // bytes
	handTime   = 2 * time.Second
	retryAfter = "10" // seconds
)

// webhooks answers senders that report pushes.
type webhooks struct {
	secret string
	log    *slog.Logger
	hand   func(sender context.Context, hints []hint.Hint) bool
}

// hand hands hints over, and reports whether somebody took them.
func (a *Answers) hand(sender context.Context, hints []hint.Hint) bool {
	to := a.to.Load()
	if to == nil {
		return false
	}
	busy := time.NewTimer(handTime)
	defer busy.Stop()
	for i := range hints {
		if hints[i].At.IsZero() { // a webhook is sent at once
			hints[i].At = time.Now()
		}
	}
	select {
	case to.out <- hint.Message{Hints: hints}:
		return true
	case <-busy.C:
	case <-sender.Done():
	case <-to.closed:
	}
	return false
}

// ghcr takes webhooks of GitHub, which signs them.
func (h webhooks) ghcr(w http.ResponseWriter, r *http.Request) {
	body, err := h.read(w, r)
	switch {
	case err != nil:
		h.refuse(w, r, err)
	case !signed(body, r.Header.Get("X-Hub-Signature-256"), h.secret):
		h.refuse(w, r, refusal{http.StatusUnauthorized, "the signature does not match", "give the webhook the secret that " + SecretVariable + " has"})
	case r.Header.Get("Content-Type") == "application/x-www-form-urlencoded":
		h.refuse(w, r, refusal{http.StatusUnsupportedMediaType, "the webhook is a form", "set its content type to application/json"})
	default:
		hints, err := hint.GHCR(r.Header.Get("X-GitHub-Event"), body)
		h.take(w, r, hints, err)
	}
}

// generic takes webhooks of anybody who knows the secret, in a header or as the end of the path: Docker
// Hub and Quay send no header.
func (h webhooks) generic(w http.ResponseWriter, r *http.Request) {
	body, err := h.read(w, r)
	switch {
	case err != nil:
		h.refuse(w, r, err)
	case !guard.Same(guard.Bearer(r), h.secret) && !guard.Same(r.PathValue("secret"), h.secret):
		h.refuse(w, r, refusal{http.StatusUnauthorized, "the secret does not match",
			"send what " + SecretVariable + " has as Authorization: Bearer, or behind /webhooks/generic/"})
	default:
		hints, err := hint.Webhook(body)
		h.take(w, r, hints, err)
	}
}

// read returns the body of a request, where webhooks are on.
func (h webhooks) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if h.secret == "" {
		return nil, refusal{http.StatusNotFound, "webhooks are off", "set " + SecretVariable + " where tagboat watch runs"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, refusal{http.StatusRequestEntityTooLarge, "the body is too large", fmt.Sprintf("send at most %d bytes", bodyLimit)}
	}
	if err != nil {
		return nil, refusal{http.StatusBadRequest, "the body ended early", "send it again"}
	}
	return body, nil
}

// take hands hints over. If the watcher is busy, the sender tries again later, or the next sweep finds the push.
func (h webhooks) take(w http.ResponseWriter, r *http.Request, hints []hint.Hint, err error) {
	switch {
	case err != nil:
		h.refuse(w, r, refusal{http.StatusBadRequest, err.Error(), tagboat.HintOf(err)})
	case len(hints) == 0:
		answer(w, http.StatusOK, "nothing in it is a reason to look")
	case !h.hand(r.Context(), hints):
		w.Header().Set("Retry-After", retryAfter)
		h.refuse(w, r, refusal{http.StatusServiceUnavailable, "the watcher is busy", "send it again later"})
	default:
		answer(w, http.StatusAccepted, "accepted")
	}
}

// refusal is an answer with what to do about it.
type refusal struct {
	status          int
	message, advice string
}

// Error implements error.
func (r refusal) Error() string { return r.message }

// refuse answers, and logs, with the pattern of the path, which has no secret in it.
func (h webhooks) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var why refusal
	if !errors.As(err, &why) {
		why = refusal{http.StatusInternalServerError, err.Error(), ""}
	}
	h.log.WarnContext(r.Context(), "webhook refused", "webhook", r.Pattern, "why", why.message, "status", why.status)
	answer(w, why.status, why.message+"\nhint: "+why.advice)
}
