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
	"github.com/tagboat/tagboat/internal/stage"
)

// standings fills in what environments have of releases. The books are those that were read for
// the services; those of the stages before are read where they are not among them, in one call
// for ten parameters in each account and region, and only where releases are used.
func (v View) standings(ctx context.Context, s fleet.Selection, cells []fleet.Cell, document *tagboat.StatusDocument) error {
	environments, err := v.Fleet.Environments(s)
	if err != nil {
		return err
	}
	books := booksOf(cells)
	environments = slices.DeleteFunc(environments, func(e config.Environment) bool { _, ok := books[e.Name]; return !ok })
	had, unread := promotionsOf(environments, books)
	document.Errors = append(document.Errors, fleet.Document(unread)...)
	if !gated(v.Fleet.Config) && !slices.ContainsFunc(environments, func(e config.Environment) bool { return used(had[e.Name]) }) {
		return nil
	}
	before, err := v.fromBooks(ctx, v.before(environments, books))
	if err != nil {
		return err
	}
	maps.Copy(had, before)
	lost := v.lost(ctx, environments, had)
	for _, env := range environments {
		e := v.environment(env, had)
		e.Changed = v.changed(ctx, env, books[env.Name], had[env.Name])
		e.NoWayBack = lost[env.Name]
		document.Environments = append(document.Environments, e)
	}
	for i := range document.Services {
		s := &document.Services[i]
		for _, e := range document.Environments {
			if e.Environment == s.Environment {
				s.Release, s.Behind = e.Release, e.Behind
			}
		}
	}
	document.Frozen = v.frozen(ctx)
	return nil
}

// gated reports whether a configuration says how releases go from stage to stage.
func gated(c *config.Config) bool {
	return slices.ContainsFunc(c.Stages, func(s config.Stage) bool {
		return s.Auto != "" && s.Auto != config.AutoOff || len(s.Gates.OfReleases()) > 0
	})
}

// used reports whether an environment has anything of releases.
func used(p ledger.Promotions) bool { return len(p.Trail) > 0 || p.Active != nil }

// promotionsOf returns what environments have had, and what of it cannot be read.
func promotionsOf(environments []config.Environment, books map[tagboat.EnvName]ledger.Book) (map[tagboat.EnvName]ledger.Promotions, []fleet.Unread) {
	had := map[tagboat.EnvName]ledger.Promotions{}
	var unread []fleet.Unread
	for _, env := range environments {
		p, err := books[env.Name].Promotions(env.Name)
		if err != nil {
			unread = append(unread, fleet.Unread{Environment: env.Name, Err: err})
		}
		had[env.Name] = p
	}
	return had, unread
}

// before returns the environments of the stages before whose books are not known.
func (v View) before(environments []config.Environment, known map[tagboat.EnvName]ledger.Book) []config.Environment {
	var missing []config.Environment
	for _, env := range environments {
		before, _, ok := stage.Before(v.Fleet.Config, env)
		if _, have := known[before.Name]; ok && !have && !slices.ContainsFunc(missing, func(e config.Environment) bool { return e.Name == before.Name }) {
			missing = append(missing, before)
		}
	}
	return missing
}

// fromBooks reads what environments have had of releases. What cannot be read of them is told,
// since nobody asked for them.
func (v View) fromBooks(ctx context.Context, environments []config.Environment) (map[tagboat.EnvName]ledger.Promotions, error) {
	books, unread, err := v.Fleet.LookAtBooks(ctx, environments)
	if err != nil {
		return nil, err
	}
	had, broken := promotionsOf(environments, books)
	for _, u := range append(unread, broken...) {
		operation.Tell(ctx, Unknown{"what " + string(u.Environment) + " has had of releases", u.Err})
	}
	return had, nil
}

func (v View) environment(env config.Environment, had map[tagboat.EnvName]ledger.Promotions) tagboat.EnvironmentStatus {
	here := had[env.Name]
	s := tagboat.EnvironmentStatus{Environment: env.Name, Stage: env.Stage, Tenant: env.Tenant}
	if current, ok := here.Current(); ok {
		s.Release, s.ReleaseID, s.Since = current.Name, current.ID, &current.At
	}
	if here.Active != nil {
		s.Next, s.Waits = here.Active.Name, tagboat.GateCause(here.Active.Waits)
	}
	before, _, ok := stage.Before(v.Fleet.Config, env)
	if upstream, known := had[before.Name]; ok && known {
		s.Behind = stage.Behind(upstream, here)
		now := v.Fleet.Access.Session(env).Now()
		s.Starves = stage.Starves(now, v.Fleet.Config.StageOf(env), v.Fleet.Config.StageOf(before), upstream)
	}
	return s
}

// changed reports whether an environment's pins differ from those of the release that it has. A
// release that cannot be read was told before.
func (v View) changed(ctx context.Context, env config.Environment, book ledger.Book, had ledger.Promotions) bool {
	current, ok := had.Current()
	if !ok || v.Releases == nil {
		return false
	}
	versions, err := v.Releases.Versions(ctx, current, env)
	if err != nil {
		return false
	}
	return len(fleet.PinChanges(book, env.Name, versions)) > 0
}

// lost says of environments that the release which they had before is not kept any more: one
// request for each such release.
func (v View) lost(ctx context.Context, environments []config.Environment, had map[tagboat.EnvName]ledger.Promotions) map[tagboat.EnvName]string {
	before := map[tagboat.Digest][]tagboat.EnvName{}
	names := map[tagboat.Digest]string{}
	for _, env := range environments {
		if earlier := stage.Earlier(had[env.Name], false); len(earlier) > 0 && v.Releases != nil {
			id := earlier[0].ID
			before[id], names[id] = append(before[id], env.Name), earlier[0].Name
		}
	}
	lost := map[tagboat.EnvName]string{}
	var mu sync.Mutex // guards lost
	var all sync.WaitGroup
	for id, where := range before {
		all.Go(func() {
			there, err := v.Releases.There(ctx, id)
			if err != nil {
				operation.Tell(ctx, Unknown{"whether release " + names[id] + " is still kept", err})
			}
			if err != nil || there {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, env := range where {
				lost[env] = "could not go back to release " + names[id] + ", which it had before: its artifact is gone"
			}
		})
	}
	all.Wait()
	return lost
}

// frozen returns the freeze of everything: one call.
func (v View) frozen(ctx context.Context) *tagboat.Hold {
	if v.Holds.Freezer == nil {
		return nil
	}
	freeze, err := v.Holds.Freezer.Frozen(ctx)
	if err != nil {
		operation.Tell(ctx, Unknown{WhetherFrozen, err})
		return nil
	}
	return freeze
}

// WhetherFrozen is what an Unknown has where it could not be read whether everything is frozen.
const WhetherFrozen = "whether everything is frozen"

// Unknown says what could not be found out beside what was asked for.
type Unknown struct {
	What string
	Err  error
}

// String implements operation.Event.
func (u Unknown) String() string { return fmt.Sprintf("%s is not known: %v", u.What, u.Err) }
