package app

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

// HistoryRequest says which events are wanted.
type HistoryRequest struct {
	Environments []tagboat.EnvName // all where there are none
	Image        tagboat.ImageName // "" for all, and services too
	Since, Until time.Time         // the zero time is no bound
	Limit        int               // the newest so many; 0 for all
}

// History returns what was changed, the newest event first: what the journal has, and
// what the versions of the parameters tell beside it, others' writes too.
func (a *App) History(ctx context.Context, r HistoryRequest) (tagboat.HistoryDocument, error) {
	if _, ok := a.config.Images[r.Image]; r.Image != "" && !ok {
		_, err := a.image(r.Image)
		return tagboat.HistoryDocument{}, err
	}
	environments, err := a.someEnvironments(r.Environments)
	if err != nil {
		return tagboat.HistoryDocument{}, err
	}
	found := make([]past, len(environments))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(environmentsAtOnce)
	for i, env := range environments {
		group.Go(func() error {
			found[i], err = a.past(inner, env, r)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return tagboat.HistoryDocument{}, err
	}
	return merge(found, r), nil
}

// environmentsAtOnce bounds how many environments' histories are read side by side.
const environmentsAtOnce = 4

// past is what is known of one environment.
type past struct {
	journal, steps []tagboat.Event
	since          time.Time // from when on it is whole; the zero time for always
}

func (a *App) past(ctx context.Context, env config.Environment, r HistoryRequest) (past, error) {
	until := r.Until
	if until.IsZero() {
		until = a.session(env).Now().Add(time.Hour)
	}
	var p past
	var err error
	if !a.config.Journal.Off {
		if p.journal, err = a.journal(env).Read(ctx, []tagboat.EnvName{env.Name}, r.Since, until); err != nil {
			return past{}, err
		}
	}
	for _, g := range a.groups(env) {
		steps, since, err := a.ledger(env).Steps(ctx, g)
		if err != nil {
			return past{}, err
		}
		if since.After(p.since) {
			p.since = since
		}
		for _, s := range steps {
			p.steps = append(p.steps, event(g, s))
		}
	}
	if !p.since.IsZero() && len(p.journal) > 0 && p.journal[0].At.Before(p.since) {
		p.since = p.journal[0].At
	}
	return p, nil
}

// event makes an event of what a parameter's version tells.
func event(g ledger.Group, s ledger.Step) tagboat.Event {
	e := tagboat.Event{
		At: s.At, By: s.By, Command: "pin", Environment: g.Environment, Image: s.Image, Message: s.Message,
		From: tagboat.Observed{Tag: s.From.Tag, Digest: s.From.Digest}, To: tagboat.Observed{Tag: s.To.Tag, Digest: s.To.Digest},
		Parameter: g.Parameter, ParameterVersion: s.Version, Foreign: s.Foreign, Overwrote: s.Overwrote,
	}
	if s.Foreign {
		e.Command = "write"
	}
	e.ID = string(e.Environment) + " " + place1(e)
	return e
}

// merge puts what is known together. An event of the journal knows more than the version
// of the parameter that it made.
func merge(found []past, r HistoryRequest) tagboat.HistoryDocument {
	var document tagboat.HistoryDocument
	for _, p := range found {
		known := map[string]bool{}
		for _, e := range p.journal {
			known[place1(e)] = true
			document.Events = append(document.Events, e)
		}
		for _, e := range p.steps {
			if !known[place1(e)] {
				document.Events = append(document.Events, e)
			}
		}
		if since := p.since; !since.IsZero() && (document.Since == nil || since.After(*document.Since)) {
			document.Since = &since
		}
	}
	document.Events = slices.DeleteFunc(document.Events, func(e tagboat.Event) bool {
		return r.Image != "" && e.Image != r.Image || e.At.Before(r.Since) || !r.Until.IsZero() && !e.At.Before(r.Until)
	})
	slices.SortStableFunc(document.Events, func(a, b tagboat.Event) int { return b.At.Compare(a.At) })
	if r.Limit > 0 && len(document.Events) > r.Limit {
		document.Events = document.Events[:r.Limit]
	}
	document.Events = some(document.Events)
	return document
}
