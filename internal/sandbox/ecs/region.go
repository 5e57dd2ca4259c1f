package ecs

import (
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// region is the state of one account and region. Its exported members are saved.
type region struct {
	Clusters map[string]*cluster   // by name
	Families map[string]*family    // by name
	Tags     map[string][]tag      // by ARN, of everything that can have them
	Tokens   map[string]idempotent // by kind and client token

	scope  wire.Scope
	deps   Deps
	engine *rollout.Engine
}

// idempotent is a call that was given a client token: what it was and what came of it.
type idempotent struct {
	Request string
	ARNs    []string
}

func newRegion(scope wire.Scope, deps Deps) *region {
	r := &region{
		Clusters: map[string]*cluster{},
		Families: map[string]*family{},
		Tags:     map[string][]tag{},
		Tokens:   map[string]idempotent{},
		scope:    scope,
		deps:     deps,
	}
	r.Clusters[defaultCluster] = &cluster{ARN: r.clusterARN(defaultCluster), Name: defaultCluster, Status: active}
	r.engine = rollout.New(&world{region: r}, rollout.Options{Seed: deps.Seed + scope.Account + scope.Region, Timings: deps.Timings})
	return r
}

// advance brings the region to the clock's time.
func (r *region) advance() {
	r.engine.Advance(r.deps.Clock.Now())
	r.forgetDefinitions()
}
