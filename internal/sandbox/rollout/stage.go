package rollout

import "time"

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

// stageOver tells whether the deployment may leave its stage. A hook that fails ends
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

// scalesUp tells whether a native deployment has come so far that its tasks start.
func (d *Deployment) scalesUp() bool {
	return d.state.Stage != "" && d.state.Stage != stageReconcile && d.state.Stage != stagePreScaleUp
}

// considerStage tells when time alone can end the stage of a native deployment.
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
