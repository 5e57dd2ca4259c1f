package ecs

import (
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
	Tokens      map[string]madeBefore        // by operation and client token
	Settings    map[string]string            // of the account, by name; what nobody set is not in it
	Subnets     map[string]string            // the zone of each that was heard of
	Unreachable []unreachable                // registries, as somebody ordered

	scope    wire.Scope
	deps     Deps
	engine   *rollout.Engine
	past     *past     // nil where nothing stale was asked for
	forgetAt time.Time // when to look for definitions to delete again
	decoded  map[*rollout.Service]*decoded
	rosters  map[string]roster // by cluster
}

func newRegion(scope wire.Scope, deps Deps) *region {
	r := &region{
		Clusters:  map[string]*cluster{},
		Providers: map[string]*capacityProvider{},
		Families:  map[string]*family{},
		Tags:      map[string][]tag{},
		Tokens:    map[string]madeBefore{},
		Settings:  map[string]string{},
		Subnets:   map[string]string{},
		decoded:   map[*rollout.Service]*decoded{},
		rosters:   map[string]roster{},
		scope:     scope,
		deps:      deps,
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
