package deploy

import (
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/ecs"
)

// troubles decides when to spend two calls on the stopped tasks of a rollout: when
// something hints at a failure, and now and then without a hint. What a hint says is
// not believed: only stopped tasks decide.
type troubles struct {
	next  time.Time
	every time.Duration
}

const (
	firstLook  = 4 * time.Second
	rarestLook = 40 * time.Second
)

// shouldLook tells whether to look now; it counts on being obeyed.
func (t *troubles) shouldLook(before, now ecs.Service, own ecs.Deployment, at time.Time) bool {
	if t.every == 0 {
		t.every = firstLook
		t.next = at.Add(t.every)
	}
	if !hint(before, now, own) && at.Before(t.next) {
		return false
	}
	t.every = min(t.every*2, rarestLook)
	t.next = at.Add(t.every)
	return true
}

// hint tells whether the service changed in a way that failing tasks may be behind.
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

// routine tells whether every good rollout has events of that kind.
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
