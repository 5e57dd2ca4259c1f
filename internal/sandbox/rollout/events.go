package rollout

import (
	"fmt"
	"strings"
	"time"
)

// keptEvents is how many events a service keeps.
const keptEvents = 100

// Event is one message of a service in AWS's wording.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
type Event struct {
	ID      string    `json:"id"` // UUID
	At      time.Time `json:"at"`
	Message string    `json:"message"`
}

// The detail types of World.StateChanged. The detail of a
// TaskStateChange is a *Task, which the API words as DescribeTasks does.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
const (
	TaskStateChange       = "ECS Task State Change"
	DeploymentStateChange = "ECS Deployment State Change"
	ServiceAction         = "ECS Service Action"
	HookStateChange       = "ECS Hook State Change"
)

// DeploymentEvent is the detail of a DeploymentStateChange.
type DeploymentEvent struct {
	EventType    string    `json:"eventType"` // INFO, ERROR
	EventName    string    `json:"eventName"` // SERVICE_DEPLOYMENT_IN_PROGRESS, _COMPLETED, _FAILED
	DeploymentID string    `json:"deploymentId"`
	UpdatedAt    time.Time `json:"updatedAt"`
	Reason       string    `json:"reason"`
}

// ServiceEvent is the detail of a ServiceAction.
type ServiceEvent struct {
	EventType  string    `json:"eventType"` // INFO, WARN, ERROR
	EventName  string    `json:"eventName"` // SERVICE_STEADY_STATE, SERVICE_TASK_START_IMPAIRED, …
	ClusterARN string    `json:"clusterArn"`
	CreatedAt  time.Time `json:"createdAt"`
	Reason     string    `json:"reason,omitempty"`
}

// HookEvent is the detail of a HookStateChange.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html
type HookEvent struct {
	EventType         string    `json:"eventType"` // INFO, ERROR
	EventName         string    `json:"eventName"` // HOOK_IN_PROGRESS, HOOK_AWAITING_ACTION, HOOK_SUCCEEDED, HOOK_FAILED, HOOK_TIMED_OUT
	HookID            string    `json:"hookId"`
	HookType          string    `json:"hookType"`
	ExpiresAt         time.Time `json:"expiresAt"`
	LifecycleStage    string    `json:"lifecycleStage"`
	ClusterARN        string    `json:"clusterArn"`
	ServiceARN        string    `json:"serviceArn"`
	ServiceDeployment string    `json:"serviceDeploymentArn"`
	UpdatedAt         time.Time `json:"updatedAt"`
}

// hookChanged moves a hook of the current service deployment to a status and reports it to the world.
func (e *Engine) hookChanged(s *Service, run *HookRun, status string) {
	run.Status = status
	kind := "INFO"
	if status == failed || status == hookTimedOut {
		kind = "ERROR"
	}
	arn := s.History[0].ARN
	e.world.StateChanged(e.now, HookStateChange, HookEvent{
		EventType: kind, EventName: "HOOK_" + status, HookID: run.ID, HookType: run.Type, ExpiresAt: run.ExpiresAt.Truncate(time.Second),
		LifecycleStage: run.Stage, ClusterARN: s.Spec.ClusterARN, ServiceARN: s.Spec.ARN, ServiceDeployment: arn, UpdatedAt: e.now,
	}, []string{arn})
}

// say adds an event to a service.
func (e *Engine) say(s *Service, message string) {
	e.sayAs(s, "(service "+s.Spec.Name+") "+message)
}

func (e *Engine) sayAs(s *Service, message string) {
	if len(s.Events) < keptEvents {
		s.Events = append(s.Events, Event{})
	}
	copy(s.Events[1:], s.Events)
	s.Events[0] = Event{ID: e.ids.uuid(), At: e.now, Message: message}
}

// act reports a service action to the world.
func (e *Engine) act(s *Service, kind, name, reason string) {
	e.world.StateChanged(e.now, ServiceAction, ServiceEvent{
		EventType: kind, EventName: name, ClusterARN: s.Spec.ClusterARN, CreatedAt: e.now.Truncate(time.Millisecond), Reason: reason,
	}, []string{s.Spec.ARN})
}

func taskID(t *Task) string { return t.ARN[strings.LastIndexByte(t.ARN, '/')+1:] }

// list writes tasks as events do: (task ID) (task ID).
func list(tasks []*Task) string {
	parts := make([]string, len(tasks))
	for i, t := range tasks {
		parts[i] = "(task " + taskID(t) + ")"
	}
	return strings.Join(parts, " ")
}

func (e *Engine) sayStarted(s *Service, tasks []*Task, replaced int) {
	if len(tasks) == 0 {
		return
	}
	message := fmt.Sprintf("has started %d tasks: %s.", len(tasks), list(tasks))
	if replaced > 0 {
		message += fmt.Sprintf(" Amazon ECS replaced %d tasks due to an unhealthy status.", replaced)
	}
	e.say(s, message)
}

// sayStopped counts tasks that ran and tasks on their way separately.
func (e *Engine) sayStopped(s *Service, ran, waiting []*Task) {
	if len(ran) > 0 {
		e.say(s, fmt.Sprintf("has stopped %d running tasks: %s.", len(ran), list(ran)))
	}
	if len(waiting) > 0 {
		e.say(s, fmt.Sprintf("stopped %d pending tasks.", len(waiting)))
	}
}

func (e *Engine) sayUnhealthyTarget(t *Task, target *targetState) {
	e.say(t.service, fmt.Sprintf("(task %s) (port %d) is unhealthy in (target-group %s) due to (reason %s).",
		taskID(t), target.Target.Port, target.Group, failedCodes))
}

// sayTargets says what happened in the target groups at this instant.
func (e *Engine) sayTargets(s *Service) {
	for _, c := range s.state.targets {
		if c.deployment == "" {
			e.say(s, fmt.Sprintf("registered %d targets in (target-group %s)", c.count, c.group))
			continue
		}
		e.say(s, fmt.Sprintf("deregistered %d targets in (target-group %s)", c.count, c.group))
		e.sayAs(s, fmt.Sprintf("(service %s, taskSet %s) has begun draining connections on %d tasks.",
			s.Spec.Name, c.deployment, c.count))
	}
	s.state.targets = s.state.targets[:0]
}

func (e *Engine) saySteady(s *Service) {
	s.state.SteadyAt = e.now
	e.say(s, "has reached a steady state.")
	e.act(s, "INFO", "SERVICE_STEADY_STATE", "")
}
