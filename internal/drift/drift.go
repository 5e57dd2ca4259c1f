// Package drift says where the views of a service differ: what is pinned, what the service's task
// definition has, what its tasks run, and what the template of the stack has that owns it; and what the
// next update of that stack would do.
package drift

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/status"
	"github.com/tagboat/tagboat/internal/fleet"
)

// Cells returns the cells of a selection; what cannot be read of environments stands beside what can.
type Cells interface {
	Cells(ctx context.Context, s fleet.Selection) (cells []fleet.Cell, unread []fleet.Unread, err error)
}

// Drift compares the views of services. It changes nothing, but for change sets that it makes to read
// them, and deletes.
type Drift struct {
	Cells  Cells
	Access *access.Access
}

// Report compares the services of a selection. Of each account and region it reads the services, ten a
// call, their tasks, each stack that owns one of them with three calls, and what templates read of
// Parameter Store, ten parameters a call. With predict it makes two change sets for each stack.
func (d Drift) Report(ctx context.Context, s fleet.Selection, predict bool) (tagboat.DriftDocument, error) {
	cells, unread, err := d.Cells.Cells(ctx, s)
	if err != nil {
		return tagboat.DriftDocument{}, err
	}
	found := make([]tagboat.ServiceDrift, len(cells))
	notes := map[tagboat.EnvName][]string{}
	failed := map[tagboat.EnvName]error{}
	var mu sync.Mutex
	of, environments := byEnvironment(cells)
	fleet.EachPlace(environments, func(there []config.Environment) error {
		p := &place{client: d.Access.Client(there[0]), session: d.Access.Session(there[0]), found: found}
		for _, env := range there {
			for _, i := range of[env.Name] {
				p.views = append(p.views, &view{cell: cells[i], at: i})
			}
		}
		err := p.survey(ctx, predict)
		mu.Lock()
		defer mu.Unlock()
		for _, env := range there {
			failed[env.Name], notes[env.Name] = err, nil
		}
		notes[there[0].Name] = p.notes
		return err
	})
	if ctx.Err() != nil {
		return tagboat.DriftDocument{}, ctx.Err()
	}
	return document(cells, found, failed, notes, unread)
}

func byEnvironment(cells []fleet.Cell) (of map[tagboat.EnvName][]int, environments []config.Environment) {
	of = map[tagboat.EnvName][]int{}
	for i, c := range cells {
		if of[c.Env.Name] == nil {
			environments = append(environments, c.Env)
		}
		of[c.Env.Name] = append(of[c.Env.Name], i)
	}
	return of, environments
}

func document(cells []fleet.Cell, found []tagboat.ServiceDrift, failed map[tagboat.EnvName]error, notes map[tagboat.EnvName][]string, unread []fleet.Unread) (tagboat.DriftDocument, error) {
	out := tagboat.DriftDocument{Services: []tagboat.ServiceDrift{}}
	seen := map[tagboat.EnvName]bool{}
	for i, c := range cells {
		err := failed[c.Env.Name]
		var wrong *tagboat.Error
		switch {
		case errors.As(err, &wrong) && wrong.Where != nil:
			return out, err // of the user's files, which all environments share
		case err == nil:
			out.Services = append(out.Services, found[i])
		case !seen[c.Env.Name]:
			unread = append(unread, fleet.Unread{Environment: c.Env.Name, Err: err})
		}
		if !seen[c.Env.Name] {
			out.Notes = append(out.Notes, notes[c.Env.Name]...)
		}
		seen[c.Env.Name] = true
	}
	out.Errors = fleet.Document(unread)
	return out, nil
}

// view is one service, and what was read of it.
type view struct {
	cell   fleet.Cell
	at     int // of the cell
	target deploy.Target
	sight  status.Sight
	owner  owner
	unmade string // why the stack that tagboat.yaml names has no such service; "" where it has
}

// aim sets what should run. Where a stack owns the task definition there is none to compare
// with but the stack's.
func (v *view) aim(ctx context.Context) (err error) {
	if v.cell.Service.Stack != nil {
		v.target, err = v.cell.Bare()
		return err
	}
	v.target, err = v.cell.Visible(ctx)
	return err
}

// survey looks at the services of one account and region.
func (p *place) survey(ctx context.Context, predict bool) error {
	for _, v := range p.views {
		if err := v.aim(ctx); err != nil {
			return err
		}
	}
	if err := p.named(ctx); err != nil {
		return err
	}
	sights, err := status.See(ctx, p.targets())
	if err != nil {
		return err
	}
	for i, v := range p.views {
		v.sight = sights[i]
	}
	if err := p.tagged(ctx); err != nil {
		return err
	}
	values, err := p.values(ctx)
	if err != nil {
		return err
	}
	if err := p.compare(ctx, values); err != nil {
		return err
	}
	if predict {
		return p.predict(ctx)
	}
	return nil
}

// targets returns what should run, in the order of the views.
func (p *place) targets() []deploy.Target {
	targets := make([]deploy.Target, len(p.views))
	for i, v := range p.views {
		targets[i] = v.target
	}
	return targets
}

// note notes something once.
func (p *place) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.notes, text) {
		p.notes = append(p.notes, text)
	}
}
