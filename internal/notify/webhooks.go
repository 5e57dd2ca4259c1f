package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/notify"
)

// notifying bounds how long all webhooks together may take, and notifyingInterrupted how
// long where somebody waits for the command to stop.
const (
	notifying            = 30 * time.Second
	notifyingInterrupted = 3 * time.Second
)

// notify tells webhooks how deployments ended. What they are told has happened, so a
// failure is told and changes nothing.
func (a *App) notify(ctx context.Context, why reason, deployments []tagboat.Deployment) {
	build := journal.BuildOf(a.getenv)
	n := tagboat.Notification{
		ID: rand.Text(), App: a.config.App, Command: why.command, Message: why.message, At: time.Now().UTC(),
		Actor: build.Actor, Commit: build.Commit, Run: build.Run,
	}
	limit := notifying
	if ctx.Err() != nil { // who was interrupted has still deployed what was deployed
		limit = notifyingInterrupted
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	failed := make([]error, len(a.config.Notify))
	var all sync.WaitGroup
	for i, hook := range a.config.Notify {
		own := n
		own.Deployments = a.wanted(hook, deployments)
		if len(own.Deployments) > 0 {
			all.Go(func() { failed[i] = a.tell(ctx, hook, own) })
		}
	}
	all.Wait()
	for i, err := range failed {
		if err != nil {
			a.notice(fmt.Sprintf("the webhook $%s was not told: %v", a.config.Notify[i].URLEnv, err))
		}
	}
}

// wanted returns the deployments that a webhook is to hear of.
func (a *App) wanted(hook config.Webhook, deployments []tagboat.Deployment) []tagboat.Deployment {
	var wanted []tagboat.Deployment
	for _, d := range deployments {
		if hook.Wants(d.Verdict, a.config.Environments[d.Environment].Stage) {
			wanted = append(wanted, d)
		}
	}
	return wanted
}

func (a *App) tell(ctx context.Context, hook config.Webhook, n tagboat.Notification) error {
	value := a.getenv(hook.URLEnv)
	if value == "" {
		return fmt.Errorf("the variable is not set")
	}
	to := notify.Receiver{Format: hook.Format}
	var err error
	if to.Address, err = notify.ParseAddress(value); err != nil {
		return err
	}
	if hook.SecretEnv != "" {
		if to.Key = notify.Key(a.getenv(hook.SecretEnv)); len(to.Key) == 0 {
			return fmt.Errorf("$%s, which signs what is sent, is not set", hook.SecretEnv)
		}
	}
	if err := (&notify.Sender{Transport: a.transport, UserAgent: "tagboat"}).Send(ctx, to, n); err != nil {
		return fmt.Errorf("%s: %w", to.Address, err)
	}
	return nil
}
