package deploy

import (
	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/ecs"
)

const (
	// failuresThatDecide is how many tasks with the same cause end a rollout of which
	// nothing runs; AWS's circuit breaker starts at three as well.
	failuresThatDecide = 3
	// lastingFailuresThatDecide is enough where trying again cannot heal the cause.
	lastingFailuresThatDecide = 2
)

// hopeless returns the cause that ends a rollout early, and false where it may still
// get well. A rollout of which some tasks run needs as many failures as the circuit
// breaker of ECS would by default: half of the desired count.
func hopeless(stopped []ecs.Task, d ecs.Deployment) (string, bool) {
	enough := failuresThatDecide
	if d.Running > 0 {
		enough = max(enough, (d.Desired+1)/2)
	}
	count := map[string]int{}
	for _, t := range stopped {
		f := explain.Stopped(t)
		if !f.Counts || t.StartedBy != d.ID {
			continue
		}
		count[f.Cause]++
		if count[f.Cause] >= enough || f.Lasting && count[f.Cause] >= lastingFailuresThatDecide {
			return f.Cause, true
		}
	}
	return "", false
}
