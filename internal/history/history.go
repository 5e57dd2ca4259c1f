package history

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/ledger"
)

// History tells what was changed.
type History struct {
	Fleet    *fleet.Fleet
	Access   *access.Access
	Recorder *Recorder
}

// Request says which events are wanted.
type Request struct {
	fleet.Selection
	Image        tagboat.ImageName // "" for all, and services too
	Digest       tagboat.Digest    // only what brought this version, or took it away; "" for all
	Releases     []tagboat.Digest  // that have the version: their promotions brought it, too
	Since, Until access.When       // the zero value is no bound
	Limit        int               // how many entries, newest first; 0 for all
}

// Events returns what was changed, the newest event first: what the journal has, and
// what the versions of the parameters tell beside it, others' writes too.
func (h *History) Events(ctx context.Context, r Request) (tagboat.HistoryDocument, error) {
	if r.Image != "" {
		if _, err := h.Fleet.Config.Image(string(r.Image)); err != nil {
			return tagboat.HistoryDocument{}, err
		}
	}
	if _, err := h.Fleet.Services(r.Selection); err != nil {
		return tagboat.HistoryDocument{}, err
	}
	environments, err := h.Fleet.Environments(r.Selection)
	if err != nil {
		return tagboat.HistoryDocument{}, err
	}
	pasts, unread, err := h.pasts(ctx, environments, r)
	if err != nil {
		return tagboat.HistoryDocument{}, err
	}
	if !r.Scoped() || r.Everywhere {
		tagged, err := h.nowhere(ctx, environments[0], r)
		if err != nil && len(unread) == 0 {
			return tagboat.HistoryDocument{}, err
		}
		pasts = append(pasts, tagged...)
	}
	document := merge(pasts, r)
	document.Errors = fleet.Document(unread)
	return document, nil
}

// pasts returns what is known of environments, and what could not be read of them. A request
// that makes no sense is an error.
func (h *History) pasts(ctx context.Context, environments []config.Environment, r Request) ([]past, []fleet.Unread, error) {
	pasts, errs := make([]past, len(environments)), make([]error, len(environments))
	var group errgroup.Group
	group.SetLimit(environmentsAtOnce)
	for i, env := range environments {
		group.Go(func() error {
			pasts[i], errs[i] = h.past(ctx, env, r)
			return nil
		})
	}
	_ = group.Wait()
	var unread []fleet.Unread
	for i, env := range environments {
		if tagboat.KindOf(errs[i]) == tagboat.Usage {
			return nil, nil, errs[i]
		}
		if errs[i] != nil {
			unread = append(unread, fleet.Unread{Environment: env.Name, Err: errs[i]})
		}
		for _, err := range pasts[i].unread {
			unread = append(unread, fleet.Unread{Environment: env.Name, Err: err})
		}
	}
	return pasts, unread, ctx.Err()
}

// environmentsAtOnce bounds how many environments' histories are read side by side.
const environmentsAtOnce = 4

// past is what is known of one environment.
type past struct {
	place          cloud.Place
	journal, steps []tagboat.Event
	since          time.Time // from when on it is whole; the zero time for always
	unread         []error   // of parameters that could not be read
}

func (h *History) past(ctx context.Context, env config.Environment, r Request) (past, error) {
	from, to, err := h.bounds(ctx, env, r)
	if err != nil {
		return past{}, err
	}
	inside := func(e tagboat.Event) bool {
		return h.wanted(r, e) && !e.At.Before(from) && (to.IsZero() || e.At.Before(to))
	}
	return h.all(ctx, env, journal.Request{From: from, To: to, Wanted: inside, Newest: r.Limit})
}

// wanted reports whether an event is of the image and of the services that are asked for: of
// a service, so are those of its images.
func (h *History) wanted(r Request, e tagboat.Event) bool {
	if r.Digest != "" && !Concerns(e, r.Digest) && (e.ReleaseID == "" || !slices.Contains(r.Releases, e.ReleaseID)) {
		return false
	}
	if r.Image != "" && e.Image != r.Image && (r.Digest == "" || e.Image != "") {
		return false
	}
	if len(r.Services) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Services, func(name tagboat.ServiceName) bool {
		runs := func(image tagboat.ImageName) bool { return e.Image == image }
		return e.Service == name || slices.ContainsFunc(slices.Collect(maps.Values(h.Fleet.Config.Services[name].Containers)), runs)
	})
}

// Concerns reports whether an event brought a version or a release, or took it away. The
// digest may be the first digits of one.
func Concerns(e tagboat.Event, digest tagboat.Digest) bool {
	is := func(d tagboat.Digest) bool { return d != "" && strings.HasPrefix(d.Hex(), digest.Hex()) }
	return is(e.From.Digest) || is(e.To.Digest) || is(e.ReleaseID) ||
		slices.ContainsFunc(e.Changes, func(c tagboat.ImageChange) bool { return is(c.From.Digest) || is(c.To.Digest) })
}

func (h *History) bounds(ctx context.Context, env config.Environment, r Request) (from, to time.Time, err error) {
	if from, err = h.Access.Moment(ctx, env, r.Since); err == nil {
		to, err = h.Access.Moment(ctx, env, r.Until)
	}
	if err == nil && !to.IsZero() && !from.Before(to) {
		err = tagboat.Usagef("nothing is since %s and before %s", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339)).
			WithHint("--since takes the earlier time, and --until the later one")
	}
	return from, to, err
}

// all returns what is known of an environment, the journal's part as far as it is asked for.
func (h *History) all(ctx context.Context, env config.Environment, r journal.Request) (past, error) {
	p := past{place: access.Place(env)}
	groups := h.Fleet.Layout().Groups(env)
	for _, g := range groups {
		steps, since, err := h.Access.Ledger(env).Steps(ctx, g)
		if err != nil {
			p.unread = append(p.unread, err)
			continue
		}
		if since.After(p.since) {
			p.since = since
		}
		for _, s := range steps {
			if e := event(g, s); r.Wanted(e) {
				p.steps = append(p.steps, e)
			}
		}
	}
	if h.Fleet.Config.Journal.Off {
		return p, nil
	}
	if r.To.IsZero() {
		r.To = h.Access.Session(env).Now().Add(time.Hour)
	}
	var err error
	p.journal, err = h.events(ctx, env, groups, r)
	return p, err
}

// events returns what the journal has of an environment, and of what others changed in
// parameters that they share with it, the oldest first.
func (h *History) events(ctx context.Context, env config.Environment, groups []ledger.Group, r journal.Request) ([]tagboat.Event, error) {
	r.Environments = []tagboat.EnvName{env.Name}
	for _, g := range h.Fleet.Config.Ledger.Groups {
		for _, other := range h.Fleet.Config.Sharing(env, g) {
			if !slices.Contains(r.Environments, other.Name) {
				r.Environments = append(r.Environments, other.Name)
			}
		}
	}
	wanted := r.Wanted
	r.Wanted = func(e tagboat.Event) bool {
		ours := e.Environment == env.Name || slices.ContainsFunc(groups, func(g ledger.Group) bool { return g.Parameter == e.Parameter })
		return ours && (wanted == nil || wanted(e))
	}
	return h.Recorder.journal(access.Place(env)).Read(ctx, r)
}

// Told returns what the journal alone has of an environment, the oldest first: it is read backwards
// as far as it is asked for. Without a journal that is nothing.
func (h *History) Told(ctx context.Context, env config.Environment, r journal.Request) ([]tagboat.Event, error) {
	if h.Fleet.Config.Journal.Off {
		return nil, nil
	}
	if now := h.Access.Session(env).Now(); r.To.IsZero() {
		r.From, r.To = now.Add(-remembered), now.Add(time.Hour)
	}
	return h.events(ctx, env, h.Fleet.Layout().Groups(env), r)
}

// event makes an event of what a parameter's version tells.
func event(g ledger.Group, s ledger.Step) tagboat.Event {
	e := tagboat.Event{
		ID: fmt.Sprintf("%s:%d:%s", g.Parameter, s.Version, s.Image),
		At: s.At, By: s.By, Command: "pin", Environment: g.Environment, Image: s.Image, Message: s.Message,
		From: tagboat.Observed{Tag: s.From.Tag, Digest: s.From.Digest}, To: tagboat.Observed{Tag: s.To.Tag, Digest: s.To.Digest},
		Parameter: g.Parameter, ParameterVersion: s.Version, Foreign: s.Foreign, Overwrote: s.Overwrote,
	}
	if s.Foreign {
		e.Command = "write"
	}
	return e
}

// telling identifies what an event tells of, which the journal and a parameter's version may
// both do, and of a shared parameter the versions of each environment that has it. A
// parameter that was deleted and made again has each of its versions twice.
type telling struct {
	place     cloud.Place
	parameter string
	version   int64
	image     tagboat.ImageName
	to        tagboat.Observed
}

func tellingOf(p past, e tagboat.Event) telling {
	return telling{p.place, e.Parameter, e.ParameterVersion, e.Image, e.To}
}

// merge puts what is known together. An event of the journal knows more than the version
// of the parameter that it made.
func merge(pasts []past, r Request) tagboat.HistoryDocument {
	document := tagboat.HistoryDocument{Events: []tagboat.Event{}}
	read, known := map[string]bool{}, map[telling]bool{}
	for _, p := range pasts {
		for _, e := range p.journal {
			if !read[e.ID] {
				document.Events = append(document.Events, e)
			}
			read[e.ID], known[tellingOf(p, e)] = true, true
		}
	}
	for _, p := range pasts {
		for _, e := range p.steps {
			if key := tellingOf(p, e); !known[key] {
				known[key] = true
				document.Events = append(document.Events, e)
			}
		}
		if since := p.since; !since.IsZero() && (document.Since == nil || since.After(*document.Since)) {
			document.Since = &since
		}
	}
	slices.SortStableFunc(document.Events, func(a, b tagboat.Event) int { return a.At.Compare(b.At) })
	slices.Reverse(document.Events)
	if r.Limit > 0 && len(document.Events) > r.Limit {
		document.Events = document.Events[:r.Limit]
	}
	return document
}
