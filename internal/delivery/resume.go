package app

import (
	"context"

	"github.com/tagboat/tagboat/internal/deploy/rollout"
)

// UnderWay returns what of the set an interrupted or killed run, or one that did not wait,
// left in ECS: deployments that go on with what is wanted, to watch, and those that brought
// the pinned versions and were rolled back or stopped since, to say so.
func (a *App) UnderWay(ctx context.Context, s *PlanSet) (*PlanSet, error) {
	plans, err := rollout.Resume(ctx, s.plans)
	return &PlanSet{plans: plans}, err
}

// Len returns how many services the set has.
func (s *PlanSet) Len() int { return len(s.plans) }
