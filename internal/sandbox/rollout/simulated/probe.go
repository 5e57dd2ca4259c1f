package simulated

import (
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// conclusion is what a probe concludes from a time on.
type conclusion struct {
	After   time.Duration
	Healthy bool
}

// conclusions returns all changes of what the probe concludes about a container that
// has run for age when probing begins. There are finitely many because a behaviour
// changes finitely often; the first is the change from unknown.
func conclusions(p rollout.Probe, b *Behaviour, age time.Duration) []conclusion {
	var (
		out       []conclusion
		t         time.Duration
		ups, down int
		seen      bool // a check succeeded
	)
	for {
		t += p.Interval
		at := age + t
		healthy := b.healthyAt(at)
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
			out = append(out, conclusion{t, true})
		case !healthy && down >= p.Down && (first || out[len(out)-1].Healthy):
			out = append(out, conclusion{t, false})
		}
		if len(out) == 0 || out[len(out)-1].Healthy != healthy {
			continue
		}
		next, ok := b.changeAfter(at) // it may have changed while a failing check timed out
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
