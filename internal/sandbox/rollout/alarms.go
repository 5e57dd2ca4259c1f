package rollout

import "time"

const inAlarm = "ALARM"

// beginAlarms decides whether alarms can fail a deployment: they are on, and none is
// in ALARM as it begins.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
func (e *Engine) beginAlarms(s *Service, d *Deployment) {
	d.state.AlarmsOff = !s.Spec.Alarms.Enable || len(e.ringing(s)) > 0
	if d.state.AlarmsOff && s.History[0].Alarms.Status == monitoring {
		s.History[0].Alarms.Status = disabled
	}
	d.state.AlarmsAt = e.now.Add(e.options.Timings.AlarmPoll)
}

func (e *Engine) ringing(s *Service) []string {
	var names []string
	for _, name := range s.Spec.Alarms.Names {
		if e.world.AlarmState(name) == inAlarm {
			names = append(names, name)
		}
	}
	return names
}

// watched tells whether alarms can fail the deployment now.
func (s *Service) watched(d *Deployment) bool {
	return s.Spec.Alarms.Enable && d.state.Begun && !d.state.AlarmsOff && d.RolloutState == inProgress
}

// watchAlarms looks at the alarms when it is time to.
func (e *Engine) watchAlarms(s *Service) {
	d := s.primary()
	if !s.watched(d) || e.now.Before(d.state.AlarmsAt) {
		return
	}
	d.state.AlarmsAt = e.now.Add(e.options.Timings.AlarmPoll)
	ringing := e.ringing(s)
	if len(ringing) == 0 {
		return
	}
	alarms := &s.History[0].Alarms
	alarms.Triggered, alarms.Status = ringing, triggered
	e.fail(s, verdictOf{
		event:  "deployment failed: alarm detected.",
		reason: "ECS deployment failed: alarm detected.",
		status: "Service deployment rolled back because a CloudWatch alarm was detected.",
		back:   s.Spec.Alarms.Rollback,
		prefix: "ECS deployment alarms: ",
	})
}

// baked tells whether the time in which alarms can fail a deployment that is complete
// otherwise is over. It begins at the first call.
func (e *Engine) baked(s *Service, d *Deployment) bool {
	if d.native() || !s.watched(d) { // a native strategy has a stage for it
		return true
	}
	if d.state.BakedAt.IsZero() {
		d.state.BakedAt = e.now.Add(e.bakeTime(s))
		s.History[0].LifecycleStage = stageBake
	}
	return !e.now.Before(d.state.BakedAt)
}

func (e *Engine) bakeTime(s *Service) time.Duration {
	if s.Spec.BakeTime > 0 {
		return s.Spec.BakeTime
	}
	return e.options.Timings.Bake
}
