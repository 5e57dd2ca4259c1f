package ecs

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/rollout/simulated"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// region is the state of one account and region. Its exported members are saved.
type region struct {
	Clusters    map[string]*cluster          // by name
	Providers   map[string]*capacityProvider // by name; without those of Fargate
	Families    map[string]*family           // by name
	Tags        map[string][]tag             // by ARN, of everything that can have them
	Tokens      map[string]pastCreation      // by operation and client token
	Settings    map[string]string            // of the account, by name; without those never set
	Subnets     map[string]string            // the zone of each that was heard of
	Unreachable []outage                     // registries, as ordered by Harm
	Managed     map[string]bool              // the ARNs of services that Express Mode made

	scope          wire.Scope
	deps           Deps
	engine         *rollout.Engine
	past           *past     // nil where nothing stale was asked for
	forgetAt       time.Time // when to look for definitions to delete again
	settingsCaches map[*rollout.Service]*settingsCache
	rosters        map[string]roster // by cluster
}

func newRegion(scope wire.Scope, deps Deps) *region {
	r := &region{
		Clusters:       map[string]*cluster{},
		Providers:      map[string]*capacityProvider{},
		Families:       map[string]*family{},
		Tags:           map[string][]tag{},
		Tokens:         map[string]pastCreation{},
		Settings:       map[string]string{},
		Subnets:        map[string]string{},
		Managed:        map[string]bool{},
		settingsCaches: map[*rollout.Service]*settingsCache{},
		rosters:        map[string]roster{},
		scope:          scope,
		deps:           deps,
	}
	for _, name := range append([]string{defaultCluster}, deps.Clusters...) {
		r.Clusters[name] = &cluster{ARN: r.clusterARN(name), Name: name, Status: active, CapacityProviders: slices.Clone(fargateProviders)}
	}
	r.engine = rollout.New(&world{region: r}, simulated.Runtime{}, rollout.Options{Seed: deps.Seed + scope.Account + scope.Region})
	for _, name := range slices.Sorted(maps.Keys(r.Clusters)) {
		r.addInstances(r.Clusters[name])
	}
	return r
}

// advance brings the region to the clock's time.
func (r *region) advance() {
	r.engine.Advance(r.deps.Clock.Now())
	r.forgetDefinitions()
	r.view()
}

// settingsCache is what the scheduler's copy of a service's settings said when it was read last.
// Clients poll hundreds of services, whose settings hardly ever change.
type settingsCache struct {
	other, revision json.RawMessage
	settings        settings
}

// settingsOf is the function of that name for readers: what it returns must not be changed.
func (r *region) settingsOf(s *rollout.Service) *settings { return asItIs(s, *r.requested(s)) }

// requested returns what was asked of a service, whatever a rollback brought back since.
func (r *region) requested(s *rollout.Service) *settings {
	cache, ok := r.settingsCaches[s]
	if !ok || !same(cache.other, s.Spec.Other) || !same(cache.revision, s.Spec.Revision) {
		cache = &settingsCache{other: s.Spec.Other, revision: s.Spec.Revision, settings: decodedSettings(s)}
		r.settingsCaches[s] = cache
	}
	return &cache.settings
}

// same reports whether a and b are the same bytes in memory. What the scheduler holds is
// replaced, never written over.
func same(a, b json.RawMessage) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// past is what the services of a region looked like, so that an answer can be stale.
type past struct {
	since time.Time
	views map[string][]view // by the service's ARN, oldest first
}

// view is a service as it was from a time on.
type view struct {
	at     time.Time
	record serviceRecord
	data   []byte // to tell a change by
}

// keptViews bounds how much of a service's past is remembered.
const keptViews = 200

// KeepPast has services remembered from now on, so that answers can be stale. What was
// before cannot be answered: the state of this moment stands for it.
func (s *Service) KeepPast() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past = true
	for _, r := range s.regions {
		r.advance()
		r.keepPast()
	}
}

func (r *region) keepPast() {
	if r.past == nil {
		r.past = &past{views: map[string][]view{}}
		r.view()
		r.past.since = r.deps.Clock.Now()
	}
}

// view takes a view of every service that changed.
func (r *region) view() {
	if r.past == nil {
		return
	}
	now := r.deps.Clock.Now()
	for _, s := range r.engine.Services("") {
		record := r.serviceRecord(s, []string{includeTags})
		data, err := json.Marshal(record)
		views := r.past.views[s.Spec.ARN]
		if n := len(views); err != nil || n > 0 && bytes.Equal(views[n-1].data, data) {
			continue
		}
		views = append(views, view{at: now, record: record, data: data})
		r.past.views[s.Spec.ARN] = views[max(0, len(views)-keptViews):]
	}
}

// pastRecord returns a service as it was as long ago as the call asks for, nil where it was not
// there yet; known is false where the present is asked for.
func (c call) pastRecord(s *rollout.Service, include []string) (record *serviceRecord, known bool) {
	if c.age <= 0 || c.past == nil || s == nil {
		return nil, false
	}
	views, then := c.past.views[s.Spec.ARN], c.deps.Clock.Now().Add(-c.age)
	last := -1
	for i := range views {
		if !views[i].at.After(then) {
			last = i
		}
	}
	switch {
	case last >= 0:
	case len(views) == 0 || views[0].at.After(c.past.since): // it was made since
		return nil, true
	default:
		last = 0
	}
	was := views[last].record
	if !slices.Contains(include, includeTags) {
		was.Tags = nil
	}
	return &was, true
}
