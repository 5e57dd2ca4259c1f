package rollout_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
)

// failed returns n tasks of a deployment that did not start, for a reason of AWS's.
func failed(n int, reason string) []ecs.Task {
	tasks := make([]ecs.Task, n)
	for i := range tasks {
		tasks[i] = ecs.Task{ARN: fmt.Sprint("t", i), StartedBy: "ecs-svc/1", StopCode: "TaskFailedToStart", LastStatus: "STOPPED", StoppedReason: reason}
	}
	return tasks
}

// TestWhatMayHealDoesNotEndARolloutEarly holds failures that may pass by themselves against
// the threshold of the service's circuit breaker, and those that cannot against ours.
func TestWhatMayHealDoesNotEndARolloutEarly(t *testing.T) {
	const (
		network = "Timeout waiting for network interface provisioning to complete."
		slow    = "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: dial tcp 10.0.0.1:443: i/o timeout"
		gone    = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref r/a:1: r/a:1: not found"
		secret  = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 3 time(s): ThrottlingException: Rate exceeded"
		count   = `"thresholdConfiguration":{"type":"COUNT","value":7}`
		tenth   = `"thresholdConfiguration":{"type":"BOUNDED_PERCENT","value":10}`
		third   = `"thresholdConfiguration":{"type":"UNBOUNDED_PERCENT","value":30}`
	)
	for _, tc := range []struct {
		name             string
		reason           string
		desired, running int
		breaker          string
		decides          int // the number of failures that ends it; 0 means that none does
	}{
		{"a network interface, a hundred tasks", network, 100, 0, "", 50},
		{"a network interface, four hundred tasks", network, 400, 0, "", 200},
		{"a network interface, one task", network, 1, 0, "", 3},
		{"a pull that takes too long", slow, 100, 0, "", 50},
		{"a secret that is throttled", secret, 100, 0, "", 50},
		{"capacity", "Capacity is unavailable at this time. Please try again later or in a different availability zone", 20, 0, "", 10},
		{"a threshold in tasks", network, 100, 0, count, 7},
		{"a threshold in percent", network, 100, 0, tenth, 10},
		{"a threshold in percent, of few tasks", network, 10, 0, tenth, 3},
		{"a threshold without bounds, of few tasks", network, 5, 0, third, 2},
		{"some tasks run, so it heals", network, 100, 3, "", 0},
		{"some tasks run, and the breaker counts on", network, 100, 3, `"resetOnHealthyTask":false`, 50},
		{"an image that is gone", gone, 100, 0, "", 2},
		{"an image that is gone, and some tasks run", gone, 100, 3, "", 2},
		{"what nobody knows", "Task failed to start", 100, 0, "", 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := ecs.Service{Record: json.RawMessage(`{"deploymentConfiguration":{"deploymentCircuitBreaker":{` + tc.breaker + `}}}`)}
			d := ecs.Deployment{ID: "ecs-svc/1", Desired: tc.desired, Running: tc.running}
			decided := 0
			for n := 1; n <= 2*tc.desired+8 && decided == 0; n++ {
				if _, over := rollout.Hopeless(failed(n, tc.reason), s, d); over {
					decided = n
				}
			}
			if decided != tc.decides {
				t.Errorf("%d failures decide, want %d", decided, tc.decides)
			}
		})
	}
}

// TestThreeFailuresOfAWSRollNothingBack has a service of a hundred of which three tasks get no
// network interface.
func TestThreeFailuresOfAWSRollNothingBack(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Services["api"].Desired = 100
		polls := 0
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			d := &s.Deployments[0]
			if polls++; f.Bad(*d) && d.FailedTasks < 3 {
				d.FailedTasks++
				task := f.Task(s, *d, fmt.Sprintf("%032d", polls), "STOPPED")
				task.StopCode, task.StoppedReason = "TaskFailedToStart", "Timeout waiting for network interface provisioning to complete."
				f.Tasks = append(f.Tasks, task)
				return
			}
			if polls > 30 {
				deploytest.Completes(f, s)
			}
		}
		target := deploytest.Target(t, f.Client(), "bad")
		target.Desired.ServiceDefinition = nil
		plans := expect.Value(deploy.Prepare(t.Context(), []deploy.Target{target}))(t)
		if got := new(rollout.Runner).Run(t.Context(), plans, deploytest.Wait())[0]; got.Verdict != "succeeded" {
			t.Errorf("it ended as %s: %s", got.Verdict, got.Reason)
		}
	})
}

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
			got := rollout.LastEvent(ecs.Service{Name: "web", Events: tc.events}, ecs.Deployment{CreatedAt: began})
			expect.Equal(t, tc.want, got)
		})
	}
	if got := rollout.LastEvent(ecs.Service{Events: []ecs.Event{event(1, "x")}}, ecs.Deployment{}); got != "" {
		t.Errorf("a deployment that is not known has event %q", got)
	}
}
