package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/journal"
)

// recording bounds how long the journal may take, and recordingInterrupted how long where
// somebody waits for the command to stop.
const (
	recording            = 20 * time.Second
	recordingInterrupted = 3 * time.Second
)

// journal returns the journal in a place.
func (a *App) journal(at cloud.Place) journal.Journal {
	return journal.Journal{
		Log: a.cloud.At(at).Logs(), Group: a.config.Journal.LogGroup, RetentionDays: a.config.Journal.RetentionDays,
	}
}

// record writes events of an environment to the journal, with who and what made them.
// What they tell of has happened, so a failure is told and changes nothing.
func (a *App) record(ctx context.Context, env config.Environment, events ...tagboat.Event) {
	for i := range events {
		events[i].Environment = env.Name
	}
	a.recordAt(ctx, place(env), events)
}

// recordTags writes which tags a version got to the journal beside its registry. Only
// registries of ECR have one.
func (a *App) recordTags(ctx context.Context, version tagboat.Reference, changes []tagboat.TagChange, image tagboat.ImageName, why reason) {
	at, ok := a.registryPlace(version)
	var events []tagboat.Event
	for _, change := range changes {
		if !change.Changed || !ok {
			continue
		}
		e := tagboat.Event{Command: why.command, Message: why.message, Image: image, To: tagboat.Observed{Tag: change.Tag, Digest: version.Digest}}
		if change.Was != "" {
			e.From = tagboat.Observed{Tag: change.Tag, Digest: change.Was}
		}
		events = append(events, e)
	}
	a.recordAt(ctx, at, events)
}

func (a *App) recordAt(ctx context.Context, at cloud.Place, events []tagboat.Event) {
	if a.config.Journal.Off || len(events) == 0 {
		return
	}
	limit := recording
	if ctx.Err() != nil { // who was interrupted has still changed what was changed
		limit = recordingInterrupted
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	session := a.cloud.At(at)
	_, by, err := session.Identity(ctx)
	if err == nil {
		build := journal.BuildOf(a.getenv)
		for i := range events {
			e := &events[i]
			e.ID, e.At, e.By = rand.Text(), session.Now(), by
			e.Actor, e.Commit, e.Run = build.Actor, build.Commit, build.Run
		}
		err = a.journal(at).Write(ctx, events...)
	}
	if err != nil {
		a.notice(fmt.Sprintf("what was changed is not in the journal, so that history may forget it: %v", err))
	}
}

// pinned returns the events of pins that were written. Who was overtaken pinned nothing that
// counts.
func pinned(w written, why reason) []tagboat.Event {
	var events []tagboat.Event
	for _, made := range w.made {
		pin := made.Pin
		e := tagboat.Event{
			Command: why.command, Message: why.message, Image: pin.Image,
			From: tagboat.Observed{Tag: made.was.Tag, Digest: made.was.Digest},
			To:   tagboat.Observed{Tag: pin.Tag, Digest: pin.Digest}, Parameter: pin.Parameter, ParameterVersion: pin.ParameterVersion,
		}
		events = append(events, e)
	}
	return events
}

// recordDeployments records deployments that came to something, by environment.
func (a *App) recordDeployments(ctx context.Context, why reason, deployments []tagboat.Deployment) {
	events := map[tagboat.EnvName][]tagboat.Event{}
	for _, d := range deployments {
		if d.Verdict == tagboat.VerdictUnchanged || d.Verdict == tagboat.VerdictSkipped {
			continue
		}
		events[d.Environment] = append(events[d.Environment], tagboat.Event{
			Command: why.command, Message: why.message, Service: d.Service, Verdict: d.Verdict, TaskDefinition: d.TaskDefinition,
		})
	}
	var all sync.WaitGroup
	for name, made := range events {
		if env, err := a.config.Environment(string(name)); err == nil {
			all.Go(func() { a.record(ctx, env, made...) })
		}
	}
	all.Wait()
}
