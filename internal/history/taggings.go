package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
)

// taggings returns which tags were put on versions, as the journals beside the registries
// have it. The environment tells the time.
func (a *App) taggings(ctx context.Context, clock config.Environment, r HistoryRequest) ([]past, error) {
	if a.config.Journal.Off {
		return nil, nil
	}
	from, to, err := a.bounds(ctx, clock, r)
	if err != nil {
		return nil, err
	}
	if to.IsZero() {
		to = a.session(clock).Now().Add(time.Hour)
	}
	read := map[cloud.Place]bool{}
	var all []past
	for _, name := range slices.Sorted(maps.Keys(a.config.Images)) {
		at, ok := a.registryPlace(a.config.Images[name].Repository)
		if !ok || read[at] {
			continue
		}
		read[at] = true
		events, err := a.journal(at).Read(ctx, []tagboat.EnvName{""}, from, to)
		if err != nil { // who may look at environments need not be let into the registry's account
			a.notice(fmt.Sprintf("which tags were put on versions of %s is not known: %v", name, err))
			continue
		}
		events = slices.DeleteFunc(events, func(e tagboat.Event) bool { return e.Environment != "" || r.Image != "" && e.Image != r.Image })
		all = append(all, past{place: at, journal: events})
	}
	return all, nil
}
