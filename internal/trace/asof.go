package trace

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/status"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/ledger"
)

// AsOf returns what environments had at a time: the pins, from the versions of their parameters;
// what ran and how the last deployment ended, from the journal; and the release, from what the
// environment remembers or the journal. What nobody remembers is "" or null: how many tasks were
// up, holds, and drift. Services and containers are those that the files have today.
func (t *Trace) AsOf(ctx context.Context, s fleet.Selection, when access.When) (tagboat.StatusDocument, error) {
	document := tagboat.StatusDocument{Services: []tagboat.ServiceStatus{}}
	environments, err := t.Fleet.Environments(s)
	if err != nil {
		return document, err
	}
	cells, unread, err := t.Fleet.Look(ctx, s)
	if err != nil {
		return document, err
	}
	pasts, failed := make([]moments, len(environments)), make([]error, len(environments))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, env := range environments {
		group.Go(func() error {
			pasts[i], failed[i] = t.moments(ctx, env, when)
			return nil
		})
	}
	_ = group.Wait()
	for i, env := range environments {
		if tagboat.KindOf(failed[i]) == tagboat.Usage && failed[i] != nil {
			return document, failed[i]
		}
		if failed[i] != nil {
			unread = append(unread, fleet.Unread{Environment: env.Name, Err: failed[i]})
			continue
		}
		document.AsOf = &pasts[i].at
		there := slices.DeleteFunc(slices.Clone(cells), func(c fleet.Cell) bool { return c.Env.Name != env.Name })
		if err := pasts[i].show(env, there, &document); err != nil {
			return document, err
		}
	}
	document.Errors = fleet.Document(unread)
	return document, ctx.Err()
}

// moments is what is known of an environment at a time.
type moments struct {
	at     time.Time
	pins   []tagboat.Pin
	events []tagboat.Event // until then, the oldest first
}

// moments reads what is known of an environment at a time: the histories of its parameters, and the
// journal before it.
func (t *Trace) moments(ctx context.Context, env config.Environment, when access.When) (moments, error) {
	pins, err := t.History.PinsAsOf(ctx, env.Name, when)
	if err != nil {
		return moments{}, err
	}
	m := moments{at: pins.AsOf.UTC(), pins: pins.Pins}
	wanted := func(e tagboat.Event) bool {
		return !e.At.After(m.at) && e.Environment == env.Name && (e.Service != "" || history.Promoted(e))
	}
	m.events, err = t.History.Told(ctx, env, journal.Request{From: m.at.Add(-remembered), To: m.at.Add(time.Millisecond), Wanted: wanted})
	if err != nil {
		return m, fmt.Errorf("what ran at %s: %w", moment(m.at), err)
	}
	return m, nil
}

// remembered is how far back the journal is read for what ran.
const remembered = 90 * 24 * time.Hour

// show adds an environment to a document.
func (m moments) show(env config.Environment, cells []fleet.Cell, document *tagboat.StatusDocument) error {
	e := tagboat.EnvironmentStatus{Environment: env.Name, Stage: env.Stage, Tenant: env.Tenant}
	var had ledger.Promotions
	if len(cells) > 0 {
		had, _ = cells[0].Book().Promotions(env.Name) // what cannot be read status says
	}
	for _, p := range history.Stays(had, m.events) {
		if !p.At.After(m.at) {
			e.Release, e.ReleaseID, e.Since = p.Name, p.ID, &p.At // "" where it went back to what no release has
		}
	}
	if e.Release != "" {
		document.Environments = append(document.Environments, e)
	}
	for _, c := range cells {
		images, err := c.Images()
		if err != nil {
			return err
		}
		s := m.service(env, c.Service.Name, images)
		s.Release = e.Release
		document.Services = append(document.Services, s)
	}
	return nil
}

// service returns how a service stood.
func (m moments) service(env config.Environment, name tagboat.ServiceName, images []deploy.Image) tagboat.ServiceStatus {
	s := tagboat.ServiceStatus{Environment: env.Name, Stage: env.Stage, Tenant: env.Tenant, Service: name, Drift: []string{}, Images: []tagboat.ImageState{}}
	for _, i := range images {
		state := tagboat.ImageState{Container: i.Container, Image: i.Image}
		if at := slices.IndexFunc(m.pins, func(p tagboat.Pin) bool { return p.Image == i.Image }); at >= 0 {
			state.Tag, state.Pinned = m.pins[at].Tag, m.pins[at].Digest
		}
		state.RunningTag, state.Running = m.ran(name, i.Image)
		s.Images = append(s.Images, state)
	}
	s.MainContainer = status.MainContainer(deploy.Desired{Service: name, Images: images})
	for _, e := range slices.Backward(m.events) {
		if e.Service != name {
			continue
		}
		if s.Verdict == "" && e.Verdict != tagboat.VerdictUnchanged { // which going back ends in
			s.Verdict = e.Verdict
		}
		if e.Verdict == tagboat.VerdictSucceeded {
			at := e.At
			s.Since, s.DeploymentID, s.TaskDefinition = &at, e.DeploymentID, e.TaskDefinition
			s.AgeSeconds = int64(m.at.Sub(at).Seconds())
			break
		}
	}
	return s
}

// ran returns the version of an image that a service ran: what the last deployment brought that
// stayed.
func (m moments) ran(service tagboat.ServiceName, image tagboat.ImageName) (tag string, version tagboat.Digest) {
	for _, e := range slices.Backward(m.events) {
		if _, stayed := brought(e, image); !stayed || e.Service != service {
			continue
		}
		for _, c := range e.Changes {
			if c.Image == image {
				return c.To.Tag, c.To.Digest
			}
		}
	}
	return "", ""
}
