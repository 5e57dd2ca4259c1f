package app

import "github.com/tagboat/tagboat/internal/deploy"

// UnderWay returns the part of the set that only watches deployments which go on in ECS
// with what is wanted, as a run that was interrupted or killed leaves them.
func (s *PlanSet) UnderWay() *PlanSet {
	var under PlanSet
	for _, p := range s.plans {
		if len(p.Steps) == 0 || p.Changes() {
			continue
		}
		if _, adopts := p.Steps[0].(deploy.Adopt); adopts {
			under.plans = append(under.plans, p)
		}
	}
	return &under
}

// Len returns how many services the set has.
func (s *PlanSet) Len() int { return len(s.plans) }
