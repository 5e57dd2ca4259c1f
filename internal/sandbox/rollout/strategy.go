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

// native reports whether the deployment goes through the stages of a native strategy.
func (d *Deployment) native() bool {
	switch d.state.Strategy {
	case BlueGreen, Linear, Canary:
		return !d.state.Rollback
	}
	return false
}

// holds reports whether the deployment leaves the older ones all their tasks: traffic is
// not wholly its own yet, or bakes.
func (d *Deployment) holds() bool {
	return d.native() && d.RolloutState == inProgress && d.state.Stage != stageCleanUp
}

// The lifecycle stages of a service deployment, in their order. With LINEAR and CANARY
// those from stagePreProduction to stageProduction come again at each step.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
const (
	stageReconcile      = "RECONCILE_SERVICE"
	stagePreScaleUp     = "PRE_SCALE_UP"
	stageScaleUp        = "SCALE_UP"
	stagePostScaleUp    = "POST_SCALE_UP"
	stageTest           = "TEST_TRAFFIC_SHIFT"
	stagePostTest       = "POST_TEST_TRAFFIC_SHIFT"
	stagePreProduction  = "PRE_PRODUCTION_TRAFFIC_SHIFT"
	stageProduction     = "PRODUCTION_TRAFFIC_SHIFT"
	stagePostProduction = "POST_PRODUCTION_TRAFFIC_SHIFT"
	stageBake           = "BAKE_TIME"
	stageCleanUp        = "CLEAN_UP"
)

// stageAfter returns the stage that follows; shifted is the production traffic that the
// new tasks have.
func stageAfter(stage string, shifted float64) string {
	order := []string{
		stageReconcile, stagePreScaleUp, stageScaleUp, stagePostScaleUp, stageTest, stagePostTest,
		stagePreProduction, stageProduction, stagePostProduction, stageBake, stageCleanUp,
	}
	if stage == stageProduction && shifted < 100 {
		return stagePreProduction
	}
	for i, s := range order[:len(order)-1] {
		if s == stage {
			return order[i+1]
		}
	}
	return stageCleanUp
}

// shift takes a native deployment through as many stages as are over by now.
func (e *Engine) shift(s *Service) {
	d := s.primary()
	if !d.native() || d.RolloutState != inProgress || !d.state.Begun {
		return
	}
	if d.state.Stage == "" {
		first := stagePreScaleUp
		if len(s.Deployments) > 2 { // more than one revision runs: there is something to reconcile
			first = stageReconcile
		}
		e.enterStage(s, d, first)
	}
	for d.RolloutState == inProgress && d.state.Stage != stageCleanUp && e.stageOver(s, d) {
		e.enterStage(s, d, stageAfter(d.state.Stage, d.state.Shifted))
	}
}

// enterStage begins a stage: traffic moves as it begins, its hooks are called, and what
// takes its time gets its end.
func (e *Engine) enterStage(s *Service, d *Deployment, stage string) {
	d.state.Stage, d.state.StageEnds = stage, time.Time{}
	switch stage {
	case stageTest:
		d.state.Tested = 100
		d.state.StageEnds = e.now.Add(e.options.Timings.Shift)
	case stageProduction:
		d.state.Shifted = s.Spec.Shift.next(d.state.Strategy, d.state.Shifted)
		d.state.StageEnds = e.now.Add(e.options.Timings.Shift)
		if d.state.Shifted < 100 {
			d.state.StageEnds = d.state.StageEnds.Add(s.Spec.Shift.Bake)
		}
	case stageBake:
		d.state.StageEnds = e.now.Add(s.Spec.BakeTime)
	}
	e.callHooks(s, d)
	e.recordStage(s, d)
}

// stageOver reports whether the deployment may leave its stage. A hook that fails ends
// the deployment instead.
func (e *Engine) stageOver(s *Service, d *Deployment) bool {
	if !e.hooksDone(s, d) || e.now.Before(d.state.StageEnds) {
		return false
	}
	return d.state.Stage != stageScaleUp || e.survey(s).of[d].fit >= e.desired(s)
}

// recordStage brings the service deployment up to date with the stage.
func (e *Engine) recordStage(s *Service, d *Deployment) {
	r := s.History[0]
	r.LifecycleStage, r.UpdatedAt = d.state.Stage, e.now
	r.Traffic = &Traffic{Production: d.state.Shifted, Test: d.state.Tested}
}

// scalesUp reports whether a native deployment has come so far that its tasks start.
func (d *Deployment) scalesUp() bool {
	return d.state.Stage != "" && d.state.Stage != stageReconcile && d.state.Stage != stagePreScaleUp
}

// considerStage considers the times at which the stage of a native deployment may end.
func (e *Engine) considerStage(s *Service, consider func(time.Time)) {
	d := s.primary()
	if !d.native() || d.RolloutState != inProgress {
		return
	}
	consider(d.state.StageEnds)
	for _, run := range s.History[0].Hooks {
		switch run.Status {
		case inProgress:
			consider(run.AskAt)
			consider(run.ExpiresAt)
		case hookAwaiting:
			consider(run.ExpiresAt)
		}
	}
}
