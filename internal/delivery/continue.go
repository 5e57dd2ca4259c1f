package app

import (
	"context"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
)

// Continued is a deployment that waited and goes on, or back.
type Continued struct {
	Environment tagboat.EnvName     `json:"environment"`
	Service     tagboat.ServiceName `json:"service"`
	Stage       string              `json:"stage"` // in which it waited
}

// Continue answers the pause hooks of the selected services.
func (a *App) Continue(ctx context.Context, s Selection, rollback bool) ([]Continued, error) {
	cells, err := a.cells(ctx, s)
	if err != nil {
		return nil, err
	}
	var all []Continued
	for _, c := range cells {
		target, err := a.visible(ctx, c)
		if err != nil {
			return all, err
		}
		stage, err := rollout.Continue(ctx, a.session(c.env).ECS(), target, rollback)
		if err != nil {
			return all, err
		}
		event := tagboat.Event{Command: "continue", Service: c.service.Name, Message: "from " + stage}
		if rollback {
			event.Message = "back from " + stage
		}
		a.record(ctx, c.env, event)
		all = append(all, Continued{Environment: c.env.Name, Service: c.service.Name, Stage: stage})
	}
	return all, nil
}
