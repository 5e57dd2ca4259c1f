package app

import (
	"context"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/deploy/status"
)

// Explanation is why a service's newest deployment goes as it does.
type Explanation struct {
	Environment tagboat.EnvName     `json:"environment"`
	Service     tagboat.ServiceName `json:"service"`
	State       string              `json:"state"` // as status has it
	Verdict     tagboat.Verdict     `json:"verdict"`
	Causes      []tagboat.Cause     `json:"causes"` // most likely first; empty where nothing speaks against it
}

// Explain says why services do not run well, at any time: it needs no deployment of
// ours, and no pins.
func (a *App) Explain(ctx context.Context, s Selection) ([]Explanation, error) {
	cells, err := a.cells(ctx, s)
	if err != nil {
		return nil, err
	}
	var all []Explanation
	for _, c := range cells {
		target, err := a.visible(ctx, c)
		if err != nil {
			return nil, err
		}
		e, err := explanation(ctx, target)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func explanation(ctx context.Context, t deploy.Target) (Explanation, error) {
	statuses, err := status.Survey(ctx, []deploy.Target{t})
	if err != nil {
		return Explanation{}, err
	}
	causes, err := explain.Service(ctx, t)
	if err != nil {
		return Explanation{}, err
	}
	return Explanation{
		Environment: t.Desired.Environment, Service: t.Desired.Service,
		State: statuses[0].State, Verdict: statuses[0].Verdict, Causes: some(causes),
	}, nil
}
