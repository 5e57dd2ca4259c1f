package delivery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// Releases has the fleet as a release has it.
type Releases interface {
	// Of returns the services, templates and variables of a release, for the environments as
	// they are. It is safe for concurrent use.
	Of(ctx context.Context, release ledger.Promoted) (*fleet.Fleet, error)
	// Versions returns the versions of a release as an environment pulls them.
	Versions(ctx context.Context, release ledger.Promoted, env config.Environment) (map[tagboat.ImageName]tagboat.Reference, error)
	// There reports whether a release is still kept: one request for its artifact.
	There(ctx context.Context, release tagboat.Digest) (bool, error)
}

// released returns cells with those of environments that have a release as that release has them:
// what was promoted is deployed and shown with the templates and variables that it was tested
// with. A selection of the work tree stays as it is.
func released(ctx context.Context, releases Releases, s fleet.Selection, cells []fleet.Cell) ([]fleet.Cell, map[tagboat.EnvName]error) {
	if releases == nil || s.WorkTree {
		return cells, nil
	}
	of := map[tagboat.EnvName]ledger.Promoted{}
	for _, c := range cells {
		if had, err := c.Book().Promotions(c.Env.Name); err == nil {
			if current, ok := had.Current(); ok && current.ID != "" {
				of[c.Env.Name] = current
			}
		}
	}
	if len(of) == 0 {
		return cells, nil
	}
	fleets, failed := read(ctx, releases, of)
	var all []fleet.Cell
	done := map[tagboat.EnvName]bool{}
	for _, c := range cells {
		env := c.Env.Name
		if fleets[env] == nil {
			all = append(all, c)
			continue
		}
		if done[env] {
			continue
		}
		done[env] = true
		own := s
		own.Environments, own.Stage, own.Tenant = []tagboat.EnvName{env}, "", ""
		frozen, err := fleets[env].CellsOn(own, map[tagboat.EnvName]ledger.Book{env: c.Book()})
		if err != nil {
			failed[env] = err
		}
		all = append(all, frozen...)
	}
	return all, failed
}

// read reads the releases of environments, each once.
func read(ctx context.Context, releases Releases, of map[tagboat.EnvName]ledger.Promoted) (map[tagboat.EnvName]*fleet.Fleet, map[tagboat.EnvName]error) {
	environments := map[tagboat.Digest][]tagboat.EnvName{}
	for _, env := range slices.Sorted(maps.Keys(of)) {
		environments[of[env].ID] = append(environments[of[env].ID], env)
	}
	fleets, failed := map[tagboat.EnvName]*fleet.Fleet{}, map[tagboat.EnvName]error{}
	var mu sync.Mutex // guards both
	var all sync.WaitGroup
	for _, names := range environments {
		all.Go(func() {
			frozen, err := releases.Of(ctx, of[names[0]])
			mu.Lock()
			defer mu.Unlock()
			for _, env := range names {
				if fleets[env] = frozen; err != nil {
					failed[env] = fmt.Errorf("reading release %s, which %s has: %w", of[env].Name, env, err)
				}
			}
		})
	}
	all.Wait()
	return fleets, failed
}

// leaveRelease notes of environments that were deployed from the work tree that they have no
// release any more.
func (d *Delivery) leaveRelease(ctx context.Context, s *PlanSet, done []tagboat.Deployment) {
	if !s.workTree {
		return
	}
	seen := map[tagboat.EnvName]bool{}
	for i, c := range s.cells {
		if seen[c.Env.Name] || !done[i].Verdict.Begun() {
			continue
		}
		seen[c.Env.Name] = true
		if err := d.leave(ctx, c); err != nil {
			operation.Tell(ctx, Undone{fmt.Errorf("%s is still said to have its release: %w", c.Env.Name, err)})
		}
	}
}

func (d *Delivery) leave(ctx context.Context, c fleet.Cell) error {
	now := d.Access.Session(c.Env).Now
	return d.Access.Ledger(c.Env).Remember(ctx, d.Fleet.Layout().Holds(c.Env), ledger.Why{Message: "deployed from the work tree"}, func(was ledger.Promotions) (ledger.Promotions, bool) {
		_, has := was.Current()
		return was.Had(ledger.Promoted{At: now()}), has
	})
}
