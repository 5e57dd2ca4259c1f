package rollout

import "time"

// ServiceDeployment is the record that one change of a service leaves, a rollback of
// it included. Records are kept until the service is deleted.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
type ServiceDeployment struct {
	ARN            string          `json:"arn"`          // ends in 21 characters
	DeploymentID   string          `json:"deploymentId"` // ecs-svc/…
	Status         string          `json:"status"`       // PENDING, IN_PROGRESS, SUCCESSFUL, …
	StatusReason   string          `json:"statusReason,omitempty"`
	LifecycleStage string          `json:"lifecycleStage,omitempty"`
	Hooks          []*HookRun      `json:"hooks,omitempty"`   // in the order in which they were called
	Traffic        *Traffic        `json:"traffic,omitempty"` // the target's part; nil where nothing is shifted
	Sources        []RevisionCount `json:"sources,omitempty"`
	Target         RevisionCount   `json:"target"`
	Breaker        BreakerState    `json:"breaker"`
	Alarms         AlarmsState     `json:"alarms"`
	Rollback       *Rollback       `json:"rollback,omitempty"`
	CreatedAt      time.Time       `json:"createdAt"`
	UpdatedAt      time.Time       `json:"updatedAt"`
	StartedAt      time.Time       `json:"startedAt,omitzero"`
	FinishedAt     time.Time       `json:"finishedAt,omitzero"`
	StoppedAt      time.Time       `json:"stoppedAt,omitzero"`
}

// RevisionCount is how many tasks of a revision there are and should be.
type RevisionCount struct {
	ARN       string `json:"arn"`
	Requested int    `json:"requested"`
	Running   int    `json:"running"`
	Pending   int    `json:"pending"`
}

// Traffic is how much of the requests goes to a revision, in percent.
type Traffic struct {
	Production float64 `json:"production"`
	Test       float64 `json:"test"`
}

// BreakerState is how the circuit breaker of a service deployment stands.
type BreakerState struct {
	Failures  int    `json:"failures"`
	Threshold int    `json:"threshold"`
	Status    string `json:"status"` // TRIGGERED, MONITORING, MONITORING_COMPLETE, DISABLED
}

// AlarmsState is how the alarms of a service deployment stand.
type AlarmsState struct {
	Names     []string `json:"names,omitempty"`
	Triggered []string `json:"triggered,omitempty"`
	Status    string   `json:"status"` // TRIGGERED, MONITORING, MONITORING_COMPLETE, DISABLED
}

// Rollback says why and to what a service deployment was rolled back.
type Rollback struct {
	Reason      string    `json:"reason"`
	RevisionARN string    `json:"revisionArn,omitempty"`
	StartedAt   time.Time `json:"startedAt"`
}

// The statuses of a service deployment beyond those it shares with deployments.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
const (
	successful         = "SUCCESSFUL"
	stopRequested      = "STOP_REQUESTED"
	rollbackRequested  = "ROLLBACK_REQUESTED"
	rollbackInProgress = "ROLLBACK_IN_PROGRESS"
	rollbackSuccessful = "ROLLBACK_SUCCESSFUL"
	rollbackFailed     = "ROLLBACK_FAILED"

	triggered          = "TRIGGERED"
	monitoring         = "MONITORING"
	monitoringComplete = "MONITORING_COMPLETE"
	disabled           = "DISABLED"
)

// open reports whether the record's change is still going on.
func (r *ServiceDeployment) open() bool {
	switch r.Status {
	case pending, inProgress, stopRequested, rollbackRequested, rollbackInProgress:
		return true
	}
	return false
}

func (r *ServiceDeployment) enter(at time.Time, status, reason string) {
	r.Status, r.StatusReason, r.UpdatedAt = status, reason, at
	switch status {
	case inProgress:
		r.StartedAt = at
	case stopped:
		r.StoppedAt, r.FinishedAt = at, at
	case successful, rollbackSuccessful, rollbackFailed:
		r.FinishedAt = at
	}
	if !r.open() && r.Breaker.Status == monitoring {
		r.Breaker.Status = monitoringComplete
	}
	if !r.open() && r.Alarms.Status == monitoring {
		r.Alarms.Status = monitoringComplete
	}
}

func (e *Engine) newServiceDeployment(s *Service, d *Deployment) {
	region, cluster := splitClusterARN(s.Spec.ClusterARN)
	r := &ServiceDeployment{
		ARN:          region + "service-deployment/" + cluster + "/" + s.Spec.Name + "/" + e.ids.nano(),
		DeploymentID: d.ID, Status: pending, LifecycleStage: stageReconcile,
		Target:  RevisionCount{ARN: d.RevisionARN},
		Breaker: BreakerState{Status: disabled}, Alarms: AlarmsState{Status: disabled},
		CreatedAt: e.now, UpdatedAt: e.now,
	}
	for _, old := range s.Deployments[1:] {
		r.Sources = append(r.Sources, RevisionCount{ARN: old.RevisionARN})
	}
	if s.Spec.Breaker.Enable {
		r.Breaker.Status = monitoring
	}
	if s.Spec.Alarms.Enable {
		r.Alarms = AlarmsState{Names: s.Spec.Alarms.Names, Status: monitoring}
	}
	s.History = append([]*ServiceDeployment{r}, s.History...)
}

// beginServiceDeployment follows the scheduler's first look at a deployment. What was to stop
// for it has stopped.
func (e *Engine) beginServiceDeployment(s *Service) {
	for _, old := range s.History[1:] {
		if old.Status == stopRequested {
			old.enter(e.now, stopped, old.StatusReason)
		}
	}
	if r := s.History[0]; r.Status == pending {
		r.enter(e.now, inProgress, "")
		r.LifecycleStage = stageScaleUp
	}
}

// stopServiceDeployment asks the current service deployment to stop, as a newer one takes over.
func (e *Engine) stopServiceDeployment(s *Service) {
	if r := s.History[0]; r.open() {
		r.enter(e.now, stopRequested, "")
	}
}

// closeServiceDeployment ends the current service deployment with its deployment.
func (e *Engine) closeServiceDeployment(s *Service) {
	switch r := s.History[0]; r.Status {
	case rollbackInProgress:
		r.enter(e.now, rollbackSuccessful, r.StatusReason)
	case inProgress, rollbackRequested: // which came too late
		r.enter(e.now, successful, "")
	}
}

// countServiceDeployment brings the counts of an open service deployment up to date.
func (e *Engine) countServiceDeployment(s *Service) {
	if len(s.History) == 0 || !s.History[0].open() {
		return
	}
	r, p := s.History[0], s.primary()
	r.Target = tally(s, r.Target.ARN)
	for i := range r.Sources {
		r.Sources[i] = tally(s, r.Sources[i].ARN)
	}
	if p.ID == r.DeploymentID {
		r.Breaker.Failures, r.Breaker.Threshold = p.Failed, s.Spec.Breaker.threshold(e.desired(s))
	}
	switch on := s.Spec.Breaker.Enable; {
	case !on:
		r.Breaker = BreakerState{Status: disabled}
	case r.Breaker.Status == disabled:
		r.Breaker.Status = monitoring
	}
}

func tally(s *Service, revision string) RevisionCount {
	c := RevisionCount{ARN: revision}
	for _, d := range s.Deployments {
		if d.RevisionARN == revision {
			c.Requested, c.Running, c.Pending = c.Requested+d.Desired, c.Running+d.Running, c.Pending+d.Pending
		}
	}
	return c
}
