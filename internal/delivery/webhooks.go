package delivery

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/notify"
	"github.com/tagboat/tagboat/internal/operation"
)

// notifying bounds how long all webhooks together may take, and notifyingInterrupted how
// long where somebody waits for the command to stop.
const (
	notifying            = 30 * time.Second
	notifyingInterrupted = 3 * time.Second
)

// Webhooks hear how deployments ended. What they report has happened, so a failure is
// told and changes nothing.
type Webhooks struct {
	Config    *config.Config
	Getenv    func(string) string // has their addresses and keys
	Transport http.RoundTripper   // nil means that of net/http
}

// tell tells all that want to hear of it.
func (w *Webhooks) tell(ctx context.Context, by history.Origin, deployments []tagboat.Deployment) {
	build := journal.BuildOf(w.Getenv)
	n := tagboat.Notification{
		ID: rand.Text(), App: w.Config.App, Command: by.Command, Message: by.Message, At: time.Now().UTC(),
		Actor: build.Actor, Commit: build.Commit, Run: build.Run,
	}
	limit := notifying
	if ctx.Err() != nil { // who was interrupted has still deployed what was deployed
		limit = notifyingInterrupted
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	failed := make([]error, len(w.Config.Notify))
	var all sync.WaitGroup
	for i, hook := range w.Config.Notify {
		own := n
		own.Deployments = w.wanted(hook, deployments)
		if len(own.Deployments) > 0 {
			all.Go(func() { failed[i] = w.send(ctx, hook, own) })
		}
	}
	all.Wait()
	for i, err := range failed {
		if err != nil {
			operation.Tell(ctx, Unheard{w.Config.Notify[i].URLEnv, err})
		}
	}
}

// wanted returns the deployments that a webhook is to hear of.
func (w *Webhooks) wanted(hook config.Webhook, deployments []tagboat.Deployment) []tagboat.Deployment {
	var wanted []tagboat.Deployment
	for _, d := range deployments {
		if hook.Wants(d.Verdict, w.Config.Environments[d.Environment].Stage) {
			wanted = append(wanted, d)
		}
	}
	return wanted
}

func (w *Webhooks) send(ctx context.Context, hook config.Webhook, n tagboat.Notification) error {
	value := w.Getenv(hook.URLEnv)
	if value == "" {
		return fmt.Errorf("the variable is not set")
	}
	to := notify.Receiver{Format: hook.Format}
	var err error
	if to.Address, err = notify.ParseAddress(value); err != nil {
		return err
	}
	if hook.SecretEnv != "" {
		if to.Key = notify.Key(w.Getenv(hook.SecretEnv)); len(to.Key) == 0 {
			return fmt.Errorf("$%s, which signs what is sent, is not set", hook.SecretEnv)
		}
	}
	if err := (&notify.Sender{Transport: w.Transport, UserAgent: "tagboat"}).Send(ctx, to, n); err != nil {
		return fmt.Errorf("%s: %w", to.Address, err)
	}
	return nil
}

// Unheard says that a webhook was not told, and why.
type Unheard struct {
	Variable string // that has its address
	Err      error
}

// String implements operation.Event.
func (u Unheard) String() string {
	return fmt.Sprintf("the webhook $%s was not told: %v", u.Variable, u.Err)
}
