package history

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/operation"
)

// nowhere returns what happened in no environment, as the journals beside the registries and the
// one at home have it, and the numbers of releases: which tags were put on versions, and what
// became of releases. The environment tells the time.
func (h *History) nowhere(ctx context.Context, clock config.Environment, r Request) ([]past, error) {
	if h.Fleet.Config.Journal.Off {
		return nil, nil
	}
	from, to, err := h.bounds(ctx, clock, r)
	if err != nil {
		return nil, err
	}
	if to.IsZero() {
		to = h.Access.Session(clock).Now().Add(time.Hour)
	}
	read := map[cloud.Place]bool{}
	var all []past
	look := func(at cloud.Place, failed func(error) operation.Event) {
		place := at
		place.Region = h.Access.At(at).Region() // which the file may leave to the AWS configuration
		if read[place] {
			return
		}
		read[place] = true
		events, err := h.Recorder.journal(at).Read(ctx, journal.Request{
			Environments: []tagboat.EnvName{""}, From: from, To: to, Newest: r.Limit,
			Wanted: func(e tagboat.Event) bool { return e.Environment == "" && h.wanted(r, e) },
		})
		if err != nil { // who may look at environments need not be let into the registry's account
			operation.Tell(ctx, failed(err))
			return
		}
		all = append(all, past{place: at, journal: events})
	}
	for _, name := range slices.Sorted(maps.Keys(h.Fleet.Config.Images)) {
		if at, ok := h.Access.RegistryPlace(h.Fleet.Config.Images[name].Repository); ok {
			look(at, func(err error) operation.Event { return TagsUnknown{name, err} })
		}
	}
	look(h.Recorder.home(), func(err error) operation.Event { return ReleasesUnknown{err} })
	made, err := h.releases(ctx, func(e tagboat.Event) bool { return h.wanted(r, e) && !e.At.Before(from) && e.At.Before(to) })
	if err != nil {
		operation.Tell(ctx, ReleasesUnknown{err})
	}
	return append(all, past{place: h.Recorder.home(), journal: made}), nil
}

// releases returns which releases were made, as their numbers tell it.
func (h *History) releases(ctx context.Context, wanted func(tagboat.Event) bool) ([]tagboat.Event, error) {
	numbers, err := (&home.Home{Config: h.Fleet.Config, Access: h.Access}).Numbers(ctx)
	var made []tagboat.Event
	for _, n := range slices.Backward(numbers) {
		e := tagboat.Event{
			ID: "release " + n.Name, At: n.At, By: n.By, Command: "release", Release: n.Name, ReleaseID: n.ID, FromEnvironment: n.From, Commit: n.Commit,
		}
		if wanted(e) {
			made = append(made, e)
		}
	}
	return made, err
}

// TagsUnknown says that the history cannot tell which tags were put on versions.
type TagsUnknown struct {
	Image tagboat.ImageName
	Err   error
}

// String implements operation.Event.
func (t TagsUnknown) String() string {
	return fmt.Sprintf("which tags were put on versions of %s is not known: %v", t.Image, t.Err)
}

// ReleasesUnknown says that the history cannot tell what became of releases.
type ReleasesUnknown struct{ Err error }

// String implements operation.Event.
func (r ReleasesUnknown) String() string {
	return fmt.Sprintf("what was said of releases is not known: %v", r.Err)
}

// Usual says that it is no news where nobody makes releases.
func (ReleasesUnknown) Usual() {}
