// Package history remembers what was changed and tells it: the journal's lines and the
// versions of the parameters as one list, the pins as they were at a time, and the one
// Recorder that writes the journal.
package history

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/operation"
)

// recording bounds how long the journal may take, and recordingInterrupted how long where
// somebody waits for the command to stop.
const (
	recording            = 20 * time.Second
	recordingInterrupted = 3 * time.Second
)

// The commands that deploy.
const (
	Deploy   = "deploy"
	Rollback = "rollback"
	Promote  = "promote"
)

// Origin is what made a change: a command, and why its user ran it.
type Origin struct{ Command, Message string }

// Recorder writes what happened to the journal where it happened. What it is told has
// happened, so a failure is reported and changes nothing. It is safe for concurrent use.
type Recorder struct {
	Config *config.Config
	Access *access.Access
	Getenv func(string) string // says who runs Tagboat, in CI systems
	Actor  string              // for whom it is done, where Tagboat acts for others; "" elsewhere
}

// journal returns the journal in a place.
func (r *Recorder) journal(at cloud.Place) journal.Journal {
	return journal.Journal{
		Log: r.Access.At(at).Logs(), Group: r.Config.Journal.LogGroup, RetentionDays: r.Config.Journal.RetentionDays,
	}
}

// Record writes events of an environment, with who and what made them.
func (r *Recorder) Record(ctx context.Context, env config.Environment, events ...tagboat.Event) {
	for i := range events {
		events[i].Environment = env.Name
	}
	r.write(ctx, access.Place(env), events)
}

// Tags writes which tags a version got to the journal beside its registry. Only
// registries of ECR have one.
func (r *Recorder) Tags(ctx context.Context, version tagboat.Reference, changes []tagboat.TagChange, image tagboat.ImageName, by Origin) {
	at, ok := r.Access.RegistryPlace(version)
	var events []tagboat.Event
	for _, change := range changes {
		if !change.Changed || !ok {
			continue
		}
		e := tagboat.Event{Command: by.Command, Message: by.Message, Image: image, To: tagboat.Observed{Tag: change.Tag, Digest: version.Digest}}
		if change.Was != "" {
			e.From = tagboat.Observed{Tag: change.Tag, Digest: change.Was}
		}
		events = append(events, e)
	}
	r.write(ctx, at, events)
}

// AtHome writes events that belong to no environment to the journal at home.
func (r *Recorder) AtHome(ctx context.Context, events ...tagboat.Event) {
	r.write(ctx, r.home(), events)
}

func (r *Recorder) home() cloud.Place {
	h := r.Config.Home
	return cloud.Place{Account: h.Account, Region: h.Region, Role: h.Role}
}

func (r *Recorder) write(ctx context.Context, at cloud.Place, events []tagboat.Event) {
	if r.Config.Journal.Off || len(events) == 0 {
		return
	}
	limit := recording
	if ctx.Err() != nil { // who was interrupted has still changed what was changed
		limit = recordingInterrupted
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	session := r.Access.At(at)
	_, by, err := session.Identity(ctx)
	if err == nil {
		build := journal.BuildOf(r.Getenv)
		for i := range events {
			e := &events[i]
			e.ID, e.At, e.By = rand.Text(), session.Now(), by
			e.Actor, e.Commit, e.Run = cmp.Or(r.Actor, build.Actor), build.Commit, build.Run
		}
		err = r.journal(at).Write(ctx, events...)
	}
	if err != nil {
		operation.Tell(ctx, Unrecorded{err})
	}
}

// Deployments records deployments that came to something, by environment.
func (r *Recorder) Deployments(ctx context.Context, by Origin, deployments []tagboat.Deployment) {
	events, operation := map[tagboat.EnvName][]tagboat.Event{}, rand.Text()
	for _, d := range deployments {
		if !d.Verdict.Begun() && (by.Command != Rollback || d.Verdict != tagboat.VerdictUnchanged) {
			continue // of what a rollback found done already, later ones have to know
		}
		events[d.Environment] = append(events[d.Environment], tagboat.Event{
			Command: by.Command, Message: by.Message, Service: d.Service, Verdict: d.Verdict, TaskDefinition: d.TaskDefinition,
			Changes:   changes(d.Images),
			Operation: operation, DeploymentID: d.DeploymentID,
		})
	}
	var all sync.WaitGroup
	for name, made := range events {
		if env, err := r.Config.Environment(string(name)); err == nil {
			all.Go(func() { r.Record(ctx, env, made...) })
		}
	}
	all.Wait()
}

// changes returns the versions that a deployment was to bring where they are not those that ran
// before, and all of them where none is another: then something else changed.
func changes(images []tagboat.ImageState) []tagboat.ImageChange {
	var all, others []tagboat.ImageChange
	for _, i := range images {
		c := tagboat.ImageChange{Image: i.Image, To: tagboat.Observed{Tag: i.Tag, Digest: i.Pinned}}
		if i.Previous != "" {
			c.From = tagboat.Observed{Tag: i.PreviousTag, Digest: i.Previous}
		}
		if all = append(all, c); i.Previous != i.Pinned {
			others = append(others, c)
		}
	}
	if len(others) > 0 {
		return others
	}
	return all
}

// Unrecorded says that something was changed and is not in the journal.
type Unrecorded struct{ Err error }

// String implements operation.Event.
func (u Unrecorded) String() string {
	return fmt.Sprintf("what was changed is not in the journal, so that history may forget it: %v", u.Err)
}
