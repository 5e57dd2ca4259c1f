package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/operation"
)

// undo is what of an environment goes back.
type undo struct {
	cells []fleet.Cell
	// unfinished are services that a rollback, which did not come to its end, may have brought
	// back already.
	unfinished map[tagboat.ServiceName]bool
}

// undone returns what goes back: the services that are named, and else those that the last
// deployment of each environment changed.
func (b *Rollbacks) undone(ctx context.Context, cells []fleet.Cell, r RollbackRequest) ([]undo, error) {
	var all []undo
	for _, here := range byEnvironment(cells) {
		if r.To != (access.When{}) {
			all = append(all, undo{cells: here})
			continue
		}
		one, err := b.undoneIn(ctx, here, len(r.Services)+len(r.Images) > 0)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// byEnvironment returns cells environment by environment, in their order.
func byEnvironment(cells []fleet.Cell) [][]fleet.Cell {
	var all [][]fleet.Cell
	for _, c := range cells {
		if n := len(all); n > 0 && all[n-1][0].Env.Name == c.Env.Name {
			all[n-1] = append(all[n-1], c)
			continue
		}
		all = append(all, []fleet.Cell{c})
	}
	return all
}

func (b *Rollbacks) undoneIn(ctx context.Context, cells []fleet.Cell, named bool) (undo, error) {
	var services []tagboat.ServiceName
	for _, c := range cells {
		services = append(services, c.Service.Name)
	}
	env := cells[0].Env
	last, err := b.History.LastDeployments(ctx, env, services)
	u := undo{unfinished: map[tagboat.ServiceName]bool{}}
	for _, e := range last {
		u.unfinished[e.Service] = last.Unfinished()
	}
	if named {
		u.cells = cells
		return u, nil
	}
	if changed := last.Changed(); len(changed) > 0 {
		u.cells = only(cells, changed)
		operation.Tell(ctx, LastDeployment{env.Name, names(u.cells), last})
		return u, nil
	}
	newest, at, failed := newestInECS(ctx, cells)
	if failed != nil {
		return u, failed
	}
	for _, c := range newest {
		u.unfinished[c.Service.Name] = true
	}
	u.cells = newest
	if len(newest) > 0 {
		operation.Tell(ctx, NotInJournal{env.Name, names(newest), at, err})
	}
	return u, nil
}

func only(cells []fleet.Cell, services []tagboat.ServiceName) []fleet.Cell {
	return slices.DeleteFunc(slices.Clone(cells), func(c fleet.Cell) bool { return !slices.Contains(services, c.Service.Name) })
}

func names(cells []fleet.Cell) string {
	all := make([]string, len(cells))
	for i, c := range cells {
		all[i] = string(c.Service.Name)
	}
	return strings.Join(all, ", ")
}

// oneAfterTheOther is how long after one deployment another one may have begun that the same
// command made.
const oneAfterTheOther = 5 * time.Minute

// newestInECS returns the services whose newest deployments began together, by ECS's word, and
// when the last of them did.
func newestInECS(ctx context.Context, cells []fleet.Cell) ([]fleet.Cell, time.Time, error) {
	targets := make([]deploy.Target, len(cells))
	for i, c := range cells {
		target, err := c.Visible(ctx)
		if err != nil {
			return nil, time.Time{}, err
		}
		targets[i] = target
	}
	observed, err := deploy.Look(ctx, targets)
	if err != nil {
		return nil, time.Time{}, err
	}
	type began struct {
		cell int
		at   time.Time
	}
	var all []began
	for i, o := range observed {
		if primary, ok := o.Primary(); ok {
			all = append(all, began{i, primary.CreatedAt})
		}
	}
	slices.SortFunc(all, func(x, y began) int { return y.at.Compare(x.at) })
	var newest []began
	for i, one := range all {
		if i > 0 && all[i-1].at.Sub(one.at) > oneAfterTheOther {
			break
		}
		newest = append(newest, one)
	}
	if len(newest) == 0 {
		return nil, time.Time{}, nil
	}
	at := newest[0].at
	slices.SortFunc(newest, func(x, y began) int { return cmp.Compare(x.cell, y.cell) })
	together := make([]fleet.Cell, len(newest))
	for i, one := range newest {
		together[i] = cells[one.cell]
	}
	return together, at, nil
}

// LastDeployment says which deployment a rollback undoes.
type LastDeployment struct {
	Environment tagboat.EnvName
	Services    string
	Made        history.Deployments
}

// String implements operation.Event.
func (l LastDeployment) String() string {
	what, last := "the last deployment", l.Made[len(l.Made)-1]
	if l.Made.Back() {
		what = "the last deployment, which was a rollback,"
	}
	text := fmt.Sprintf("%s of %s was made at %s by %s", what, l.Environment, last.At.UTC().Format(time.RFC3339), cmp.Or(last.Actor, last.By))
	if last.Message != "" {
		text += " (" + last.Message + ")"
	}
	return text + ": " + l.Services
}

// NotInJournal says that a rollback undoes what ECS says is the newest, and why.
type NotInJournal struct {
	Environment tagboat.EnvName
	Services    string
	At          time.Time
	Err         error // why the journal cannot be read; nil where it knows of no deployment
}

// String implements operation.Event.
func (n NotInJournal) String() string {
	why := "the journal knows of no deployment"
	if n.Err != nil {
		why = "the journal cannot be read (" + n.Err.Error() + ")"
	}
	return fmt.Sprintf("%s of %s; by ECS's own word the newest began at %s: %s", why, n.Environment, n.At.UTC().Format(time.RFC3339), n.Services)
}
