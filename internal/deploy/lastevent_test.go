package deploy_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

func TestLastEvent(t *testing.T) {
	began := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	event := func(after time.Duration, message string) ecs.Event {
		return ecs.Event{At: began.Add(after), Message: message}
	}
	for _, tc := range []struct {
		name   string
		events []ecs.Event
		want   string
	}{
		{"none", nil, ""},
		{"the newest", []ecs.Event{event(2, "(service web) has stopped 1 running tasks: (task a)."), event(1, "(service web) has started 1 tasks: (task a).")}, "has stopped 1 running tasks: (task a)."},
		{"of a task set", []ecs.Event{event(1, "(service web, taskSet ecs-svc/1) has begun draining connections on 1 tasks.")}, "has begun draining connections on 1 tasks."},
		{"of before", []ecs.Event{event(-1, "(service web) has reached a steady state.")}, ""},
		{"of another form", []ecs.Event{event(1, "service web was unable to place a task")}, "service web was unable to place a task"},
		{"of a longer name", []ecs.Event{event(1, "(service webber has no end")}, "(service webber has no end"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := deploy.LastEvent(ecs.Service{Name: "web", Events: tc.events}, ecs.Deployment{CreatedAt: began})
			if got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
	if got := deploy.LastEvent(ecs.Service{Events: []ecs.Event{event(1, "x")}}, ecs.Deployment{}); got != "" {
		t.Errorf("a deployment that is not known has event %q", got)
	}
}
