package rollout

import (
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/deploy"
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
// breaker of ECS would by default: half of the desired count. What may heal by itself ends a
// rollout only where it would trip the service's circuit breaker.
func hopeless(stopped []ecs.Task, s ecs.Service, d ecs.Deployment) (string, bool) {
	enough := failuresThatDecide
	if d.Running > 0 {
		enough = max(enough, (d.Desired+1)/2)
	}
	count, healing := map[string]int{}, map[string]int{}
	failures := 0
	for _, t := range stopped {
		f := explain.Stopped(t)
		if !f.Counts || t.StartedBy != d.ID {
			continue
		}
		failures++
		if f.Class.Heals() {
			healing[f.Cause]++
			continue
		}
		count[f.Cause]++
		if count[f.Cause] >= enough || f.Lasting && count[f.Cause] >= lastingFailuresThatDecide {
			return f.Cause, true
		}
	}
	if b := deploy.SettingsOf(s).Deployment.Breaker; len(healing) > 0 && b.Counts(d) && failures >= b.Failures(d.Desired) {
		return mostFrequent(healing), true
	}
	return "", false
}

// mostFrequent returns the key with the highest count, of equal ones the first by name.
func mostFrequent(count map[string]int) string {
	best := ""
	for cause, n := range count {
		if best == "" || n > count[best] || n == count[best] && cause < best {
			best = cause
		}
	}
	return best
}

// troubles decides when to look at the stopped tasks of a rollout: when
// something hints at a failure, and now and then without a hint. What a hint says is
// not believed: only stopped tasks decide.
type troubles struct {
	next  time.Time
	every time.Duration
}

const (
	firstLook  = 4 * time.Second
	rarestLook = 40 * time.Second
	// sharedFor is how long a look at all stopped tasks of a cluster serves those who look
	// without a hint.
	sharedFor = 6 * time.Second
)

// look reports whether to look now, and how old what is seen may be; it counts on being
// obeyed.
func (t *troubles) look(before, now ecs.Service, own ecs.Deployment, at time.Time) (look bool, notOlder time.Duration) {
	if t.every == 0 {
		t.every = firstLook
		t.next = at.Add(t.every)
	}
	switch {
	case hint(before, now, own):
	case at.Before(t.next):
		return false, 0
	default:
		notOlder = sharedFor
	}
	t.every = min(t.every*2, rarestLook)
	t.next = at.Add(t.every)
	return true, notOlder
}

// hint reports whether the service changed in a way that failing tasks may be behind.
func hint(before, now ecs.Service, own ecs.Deployment) bool {
	was, known := before.Deployment(own.ID)
	if own.FailedTasks > was.FailedTasks || known && own.Running < was.Running {
		return true
	}
	for _, e := range newEvents(before, now) {
		if !routine(e.Message) {
			return true
		}
	}
	return false
}

// newEvents returns the events that now has and before has not. Without a before they
// may be as old as the service and say nothing.
func newEvents(before, now ecs.Service) []ecs.Event {
	if len(before.Deployments) == 0 {
		return nil
	}
	for i, e := range now.Events {
		if len(before.Events) > 0 && e.ID == before.Events[0].ID {
			return now.Events[:i]
		}
	}
	return now.Events
}

// routine reports whether every good rollout has events of that kind.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
func routine(message string) bool {
	if strings.Contains(message, "unhealthy") {
		return false
	}
	for _, part := range []string{
		"has started", "has stopped", "stopped", "registered", "begun draining",
		"deployment completed", "reached a steady state",
	} {
		if strings.Contains(message, part) {
			return true
		}
	}
	return false
}
