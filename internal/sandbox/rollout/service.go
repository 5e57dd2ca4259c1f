package rollout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Service is an ECS service. What the engine returns is its own record: callers read
// it, change nothing, and keep none of it past their next call of the engine.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
type Service struct {
	Spec      ServiceSpec `json:"spec"`   // after a rollback, what was rolled back to
	Status    string      `json:"status"` // ACTIVE, DRAINING, INACTIVE
	CreatedAt time.Time   `json:"createdAt"`

	Deployments []*Deployment        `json:"deployments"`       // PRIMARY, then ACTIVE ones, newest first
	History     []*ServiceDeployment `json:"history,omitempty"` // newest first; the first is the current one
	Revisions   []*ServiceRevision   `json:"revisions"`         // newest first
	Events      []Event              `json:"events,omitempty"`  // newest first, at most 100
	Running     int                  `json:"running"`           // tasks of all deployments in RUNNING
	Pending     int                  `json:"pending"`           // tasks of all deployments on their way there

	tasks []*Task // that are not STOPPED, oldest first
	due   due
	state serviceState
}

// The statuses of a service.
const (
	active   = "ACTIVE"
	draining = "DRAINING"
	inactive = "INACTIVE"
)

// serviceState is what the engine knows of a service beyond what AWS shows.
type serviceState struct {
	// Completed is the deployment that a rollback would go back to: the one that
	// COMPLETED last, unless it is being rolled back to already. It may have left the
	// service's deployments, when its tasks are gone.
	Completed *Deployment `json:"-"`
	SteadyAt  time.Time   `json:"steadyAt,omitzero"` // last said; zero where it is not steady
	StopAt    time.Time   `json:"stopAt,omitzero"`   // when a rollback that was asked for begins
	FreeNext  time.Time   `json:"freeNext,omitzero"` // when the next unhealthy task may make room

	targets []targetEvent // of this instant, not said yet
}

// targetEvent counts targets that came to or left a group at one instant.
type targetEvent struct {
	group      string
	deployment string // "" where they came
	count      int
}

func (s *serviceState) registered(group string) { s.deregistered(group, "") }

func (s *serviceState) deregistered(group, deployment string) {
	for i := range s.targets {
		if s.targets[i].group == group && s.targets[i].deployment == deployment {
			s.targets[i].count++
			return
		}
	}
	s.targets = append(s.targets, targetEvent{group, deployment, 1})
}

// primary returns the newest deployment. There is one unless the service is INACTIVE.
func (s *Service) primary() *Deployment { return s.Deployments[0] }

func (s *Service) deployment(id string) *Deployment {
	for _, d := range s.Deployments {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// forget takes a task that STOPPED out of the service.
func (s *Service) forget(t *Task) {
	if i := slices.Index(s.tasks, t); i >= 0 {
		s.tasks = slices.Delete(s.tasks, i, i+1)
	}
}

// desired returns how many tasks the service wants.
func (e *Engine) desired(s *Service) int {
	if s.Spec.Strategy == Daemon {
		return len(e.Instances(s.Spec.ClusterARN))
	}
	return s.Spec.Desired
}

// external reports whether another controller than ECS rolls the service: its tasks come from
// task sets, of which the engine has none.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html
func (s *ServiceSpec) external() bool { return s.Controller != "" && s.Controller != "ECS" }

// bounds returns the fewest tasks that have to be RUNNING and healthy and the most
// that may be RUNNING or on their way there.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
func (e *Engine) bounds(s *Service) (lower, upper int) {
	desired := e.desired(s)
	lower = (desired*s.Spec.MinHealthyPercent + 99) / 100
	return min(lower, desired), desired * s.Spec.MaxPercent / 100
}

// count brings the counts of tasks up to date everywhere they are shown.
func (e *Engine) count(s *Service) {
	s.Running, s.Pending = 0, 0
	for _, d := range s.Deployments {
		d.Running, d.Pending = 0, 0
	}
	for _, t := range s.tasks {
		d := t.deployment()
		switch {
		case t.LastStatus == running:
			s.Running++
			if d != nil {
				d.Running++
			}
		case t.pending():
			s.Pending++
			if d != nil {
				d.Pending++
			}
		}
	}
	e.countServiceDeployment(s)
}

// Error is a refusal in AWS's words.
type Error struct {
	Code    string // ServiceNotFoundException, InvalidParameterException, …
	Message string
}

// Error returns code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CreateService adds a service and starts its first deployment. The error is an *Error:
// InvalidParameterException where a service of that ARN exists that is not INACTIVE.
func (e *Engine) CreateService(now time.Time, spec ServiceSpec) (*Service, error) {
	e.Advance(now)
	if old := e.services[spec.ARN]; old != nil {
		switch old.Status {
		case active:
			return nil, refuse("InvalidParameterException", "Creation of service was not idempotent.")
		case draining:
			return nil, refuse("InvalidParameterException", "Unable to Start a service that is still Draining.")
		}
	}
	s := &Service{Spec: spec, Status: active, CreatedAt: e.now}
	s.Spec.Task = e.adopt(spec.Task)
	s.due = due{serial: e.ids.next(), service: s}
	e.services[spec.ARN] = s
	e.roster++
	if !spec.external() {
		e.start(s, true)
	}
	e.settle(s)
	return s, nil
}

// UpdateService gives a service a whole new specification. A change of the task
// definition, the load balancers, the platform version or of what Spec.Revision holds
// starts a deployment, as force does; a change of anything else takes effect without.
// The error is an *Error: ServiceNotFoundException or ServiceNotActiveException.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
func (e *Engine) UpdateService(now time.Time, arn string, spec ServiceSpec, force bool) (*Service, error) {
	e.Advance(now)
	s, err := e.activeService(arn)
	if err != nil {
		return nil, err
	}
	deploys := !spec.external() && (force || startsDeployment(&s.Spec, &spec))
	spec.ARN, spec.Name, spec.ClusterARN = s.Spec.ARN, s.Spec.Name, s.Spec.ClusterARN
	if spec.Desired != s.Spec.Desired {
		s.state.SteadyAt = time.Time{}
	}
	s.Spec = spec
	s.Spec.Task = e.adopt(spec.Task)
	if deploys {
		e.start(s, force)
	}
	e.settle(s)
	return s, nil
}

func startsDeployment(from, to *ServiceSpec) bool {
	return from.Task.ARN != to.Task.ARN ||
		from.PlatformVersion != to.PlatformVersion ||
		!slices.Equal(from.LoadBalancers, to.LoadBalancers) ||
		!sameJSON(from.Revision, to.Revision)
}

// sameJSON compares without regard to spaces and the order of members.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	return bytes.Equal(canonical(a), canonical(b))
}

func canonical(data json.RawMessage) []byte {
	var v any
	if json.Unmarshal(data, &v) != nil {
		return data
	}
	out, err := json.Marshal(v)
	if err != nil {
		return data
	}
	return out
}

func (e *Engine) activeService(arn string) (*Service, error) {
	s := e.services[arn]
	switch {
	case s == nil || s.Status == inactive:
		return nil, refuse("ServiceNotFoundException", "Service not found.")
	case s.Status != active:
		return nil, refuse("ServiceNotActiveException", "Service was not ACTIVE.")
	}
	return s, nil
}

// DeleteService stops a service's tasks and then leaves it INACTIVE, without its
// deployments and their history. The error is an *Error: ServiceNotFoundException, or
// InvalidParameterException without force while the service wants tasks.
func (e *Engine) DeleteService(now time.Time, arn string, force bool) (*Service, error) {
	e.Advance(now)
	s := e.services[arn]
	if s == nil || s.Status == inactive {
		return nil, refuse("ServiceNotFoundException", "Service not found.")
	}
	if !force && s.Spec.Strategy != Daemon && s.Spec.Desired > 0 {
		return nil, refuse("InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
	}
	s.Status, s.Spec.Desired = draining, 0
	e.settle(s)
	return s, nil
}

// StopServiceDeployment rolls a service deployment in progress back to the deployment
// that COMPLETED last; without one its tasks stay and no more are started. The error
// is an *Error: ServiceDeploymentNotFoundException or ConflictException.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html
func (e *Engine) StopServiceDeployment(now time.Time, arn string) error {
	e.Advance(now)
	r, s := e.ServiceDeployment(arn)
	if r == nil {
		return refuse("ServiceDeploymentNotFoundException", "The service deployment cannot be found.")
	}
	if r != s.History[0] || r.Status != pending && r.Status != inProgress {
		return refuse("ConflictException", "The service deployment is in the state %s and cannot be stopped.", r.Status)
	}
	r.enter(e.now, rollbackRequested, "")
	s.state.StopAt = e.now.Add(e.options.Timings.Schedule)
	e.settle(s)
	return nil
}

// settle does what a change of a service brings about at once.
func (e *Engine) settle(s *Service) {
	e.wake(s)
	e.Advance(e.now)
}
