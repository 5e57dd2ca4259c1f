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
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/operation"
)

// taggings returns which tags were put on versions, as the journals beside the registries
// have it. The environment tells the time.
func (h *History) taggings(ctx context.Context, clock config.Environment, r Request) ([]past, error) {
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
	for _, name := range slices.Sorted(maps.Keys(h.Fleet.Config.Images)) {
		at, ok := h.Access.RegistryPlace(h.Fleet.Config.Images[name].Repository)
		if !ok || read[at] {
			continue
		}
		read[at] = true
		events, err := h.Recorder.journal(at).Read(ctx, journal.Request{
			Environments: []tagboat.EnvName{""}, From: from, To: to, Newest: r.Limit,
			Wanted: func(e tagboat.Event) bool { return e.Environment == "" && h.wanted(r, e) },
		})
		if err != nil { // who may look at environments need not be let into the registry's account
			operation.Tell(ctx, TagsUnknown{name, err})
			continue
		}
		all = append(all, past{place: at, journal: events})
	}
	return all, nil
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
