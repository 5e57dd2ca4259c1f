package promotion

import (
	"context"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
)

// togetherTries is how often runs of one promotion may come into each other's way.
const togetherTries = 5

// together returns what is left to watch of a promotion that another run of the same one carries out
// at the same time, and was quicker with some service, or has ended it: its deployments bring the same
// release, so that what they took the place of is no failure. Nil where there is no such run, or what
// took the place brings something else.
func (p *Promotions) together(ctx context.Context, m *move, c claim, r tagboat.PromotionResult) (*delivery.PlanSet, error) {
	if r.State != tagboat.PromotionSuperseded && r.State != tagboat.PromotionWaiting {
		return nil, nil
	}
	draft, is, err := p.draft(ctx, m)
	if err != nil {
		return nil, err
	}
	ours := is.Active != nil && is.Active.Key == c.Key
	current, _ := is.Current()
	ended := is.Active == nil && current.ID == m.release.ID
	if !ended && (!ours || r.State == tagboat.PromotionWaiting) {
		return nil, nil
	}
	book, err := draft.Book(ctx)
	if err != nil {
		return nil, err
	}
	set, err := p.planPinned(ctx, m, m.fleet, book)
	if err != nil {
		return nil, err
	}
	for _, change := range set.Document().Changes {
		if ended || verdictIn(r.Deployments, change.Service) == tagboat.VerdictSuperseded {
			return nil, nil
		}
	}
	set.Message = p.message(m)
	if ours {
		set.While(p.mayBegin(m, c.Key))
	}
	return set, nil
}

// planPinned plans what is pinned in a move's environment, as a fleet has it.
func (p *Promotions) planPinned(ctx context.Context, m *move, of *fleet.Fleet, book ledger.Book) (*delivery.PlanSet, error) {
	cells, err := of.CellsOn(fleet.Selection{Environments: []tagboat.EnvName{m.env.Name}, Allow: m.allow}, map[tagboat.EnvName]ledger.Book{m.env.Name: book})
	if err != nil {
		return nil, err
	}
	return p.Delivery.On(of).PlanCells(ctx, cells, nil)
}

func verdictIn(all []tagboat.Deployment, service tagboat.ServiceName) tagboat.Verdict {
	i := slices.IndexFunc(all, func(d tagboat.Deployment) bool { return d.Service == service })
	if i < 0 {
		return ""
	}
	return all[i].Verdict
}

// instead returns deployments with those that were in another run's way replaced by later ones.
func instead(all, later []tagboat.Deployment) []tagboat.Deployment {
	all = slices.Clone(all)
	for i, d := range all {
		switch d.Verdict {
		case tagboat.VerdictSuperseded, tagboat.VerdictBlocked, tagboat.VerdictSkipped:
		default:
			continue
		}
		for _, next := range later {
			if next.Service == d.Service {
				all[i] = next
			}
		}
	}
	return all
}
