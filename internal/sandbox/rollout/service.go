package rollout

import (
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

// serviceState is what the engine knows of a service beyond what AWS tells.
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

// external tells whether somebody else than ECS rolls the service: its tasks come from
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
	e.countRecord(s)
}
