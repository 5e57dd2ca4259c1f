package delivery

import (
	"context"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
)

// servicesPerHistory is from how many services for each parameter on its history is read, which
// AWS answers three times a second, so that older revisions of their families need not be.
const servicesPerHistory = 4

// firstPinned knows when versions were pinned for the first time in an environment. Each
// parameter's history is read once, when it is asked for.
type firstPinned struct {
	ledger *ledger.Ledger
	groups []ledger.Group

	turn  chan struct{}                                                 // held by who looks
	times map[string]map[tagboat.ImageName]map[tagboat.Digest]time.Time // by parameter
}

// tellFirstPinned makes targets tell when their versions were pinned first, where many
// services share few parameters.
func (d *Delivery) tellFirstPinned(cells []fleet.Cell, targets []deploy.Target) {
	services := map[tagboat.EnvName]int{}
	for _, c := range cells {
		services[c.Env.Name]++
	}
	known := map[tagboat.EnvName]*firstPinned{}
	for i, c := range cells {
		if known[c.Env.Name] == nil {
			known[c.Env.Name] = d.firstPinned(c.Env)
		}
		if first := known[c.Env.Name]; services[c.Env.Name] >= len(first.groups)*servicesPerHistory {
			targets[i].Desired.FirstPinned = first.at
		}
	}
}

func (d *Delivery) firstPinned(env config.Environment) *firstPinned {
	return &firstPinned{
		ledger: d.Access.Ledger(env), groups: d.Fleet.Layout().Groups(env),
		turn: make(chan struct{}, 1), times: map[string]map[tagboat.ImageName]map[tagboat.Digest]time.Time{},
	}
}

// at implements deploy.Desired's FirstPinned.
func (f *firstPinned) at(ctx context.Context, image deploy.Image) time.Time {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return time.Time{}
	}
	for _, g := range f.groups {
		if _, ok := g.Images[image.Image]; !ok {
			continue
		}
		if f.times[g.Parameter] == nil {
			f.times[g.Parameter] = f.read(ctx, g)
		}
		return f.times[g.Parameter][image.Image][image.Pinned.Digest]
	}
	return time.Time{}
}

// read reads the history of a parameter. Of a version that was there before what Parameter
// Store remembers, and of all where it does not let us see, the time is not known.
func (f *firstPinned) read(ctx context.Context, g ledger.Group) map[tagboat.ImageName]map[tagboat.Digest]time.Time {
	times := map[tagboat.ImageName]map[tagboat.Digest]time.Time{}
	steps, _, _ := f.ledger.Steps(ctx, g)
	for _, s := range steps {
		if times[s.Image] == nil { // what was pinned before the first step has no time
			times[s.Image] = map[tagboat.Digest]time.Time{s.From.Digest: {}}
		}
		if _, known := times[s.Image][s.To.Digest]; !known {
			times[s.Image][s.To.Digest] = s.At
		}
	}
	return times
}
