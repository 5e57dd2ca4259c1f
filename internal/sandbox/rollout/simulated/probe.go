package rollout

import "time"

// probe is a series of health checks: every Interval after the answer to the last
// one, where a failing check takes Timeout to answer.
type probe struct {
	Interval    time.Duration
	Timeout     time.Duration
	StartPeriod time.Duration // failures before its end don't count until one succeeded
	Up          int           // successes in a row that make bad good; the first verdict needs one
	Down        int           // failures in a row that make bad
}

// verdict is what a probe concludes from a time on.
type verdict struct {
	After   time.Duration
	Healthy bool
}

// containerProbe is Docker's health check with ECS's defaults.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
func containerProbe(c HealthCheck) probe {
	p := probe{Interval: c.Interval, Timeout: c.Timeout, StartPeriod: c.StartPeriod, Up: 1, Down: c.Retries}
	if p.Interval <= 0 {
		p.Interval = 30 * time.Second
	}
	if p.Timeout <= 0 {
		p.Timeout = 5 * time.Second
	}
	if p.Down <= 0 {
		p.Down = 3
	}
	return p
}

// targetProbe is a target group's health check. A target that is new needs one
// success only.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func targetProbe(g TargetGroup) probe {
	return probe{Interval: g.Interval, Up: g.HealthyThreshold, Down: g.UnhealthyThreshold}
}

// verdicts returns all changes of what the probe concludes about a container that
// has run for age when probing begins. There are finitely many because a behaviour
// changes finitely often; the first is the change from unknown.
func (p probe) verdicts(b *Behaviour, age time.Duration) []verdict {
	var (
		out       []verdict
		t         time.Duration
		ups, down int
		seen      bool // a check succeeded
	)
	for {
		t += p.Interval
		asked := age + t
		healthy := b.healthyAt(asked)
		period := p.Interval
		if healthy {
			ups, down, seen = ups+1, 0, true
		} else {
			t, period = t+p.Timeout, period+p.Timeout
			ups = 0
			if seen || t > p.StartPeriod {
				down++
			}
		}
		first := len(out) == 0
		switch {
		case healthy && (first || !out[len(out)-1].Healthy && ups >= p.Up):
			out = append(out, verdict{t, true})
		case !healthy && down >= p.Down && (first || out[len(out)-1].Healthy):
			out = append(out, verdict{t, false})
		}
		if len(out) == 0 || out[len(out)-1].Healthy != healthy {
			continue
		}
		next, ok := b.changeAfter(asked) // it may have changed while a failing check timed out
		if !ok {
			return out
		}
		t += (next - age - t - 1) / period * period // nothing changes before it
	}
}

// changeAfter returns when the behaviour next changes its answer to health checks.
func (b *Behaviour) changeAfter(after time.Duration) (time.Duration, bool) {
	for _, c := range b.Health {
		if c.After > after {
			return c.After, true
		}
	}
	return 0, false
}
