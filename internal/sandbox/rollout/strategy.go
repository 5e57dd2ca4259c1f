package rollout

import (
	"math"
	"time"
)

// The deployment strategies. The last three are ECS's native ones: they bring up a
// whole second set of tasks (green) beside the one that serves (blue), shift traffic to
// it, and clean blue up last.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html
const (
	Rolling   = "ROLLING"
	BlueGreen = "BLUE_GREEN"
	Linear    = "LINEAR"
	Canary    = "CANARY"
)

// Shift is how production traffic goes over to the new tasks where that happens in
// steps: with CANARY a first step of Percent and then the rest, with LINEAR steps of
// Percent each. Bake is the time between two steps; none follows the last.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html
type Shift struct {
	Percent float64       `json:"percent"`
	Bake    time.Duration `json:"bake"`
}

// next returns how much of the traffic goes to the new tasks after one more step.
func (s Shift) next(strategy string, shifted float64) float64 {
	switch {
	case strategy == Canary && shifted == 0 && s.Percent > 0:
		return min(s.Percent, 100)
	case strategy == Linear && s.Percent > 0:
		return min(math.Round((shifted+s.Percent)*10)/10, 100)
	default:
		return 100
	}
}

// native tells whether the deployment goes through the stages of a native strategy.
func (d *Deployment) native() bool {
	switch d.state.Strategy {
	case BlueGreen, Linear, Canary:
		return !d.state.Rollback
	}
	return false
}

// holds tells whether the deployment leaves the older ones all their tasks: traffic is
// not wholly its own yet, or bakes.
func (d *Deployment) holds() bool {
	return d.native() && d.RolloutState == inProgress && d.state.Stage != stageCleanUp
}
