package rollout

import "time"

// Deployment is one entry of a service's deployments.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
type Deployment struct {
	ID             string    `json:"id"`     // ecs-svc/ and 19 digits
	Status         string    `json:"status"` // PRIMARY, ACTIVE
	RevisionARN    string    `json:"revisionArn"`
	TaskDefinition string    `json:"taskDefinition"` // ARN
	Desired        int       `json:"desired"`
	Pending        int       `json:"pending"`
	Running        int       `json:"running"`
	Failed         int       `json:"failed"`       // consecutive failures
	RolloutState   string    `json:"rolloutState"` // IN_PROGRESS, COMPLETED, FAILED
	RolloutReason  string    `json:"rolloutReason"`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`

	state deploymentState
}

const (
	primary = "PRIMARY"

	inProgress = "IN_PROGRESS"
	completed  = "COMPLETED"
	failed     = "FAILED"
)

// deploymentState is what the engine knows of a deployment beyond what AWS tells.
type deploymentState struct {
	Begun          bool      `json:"begun,omitempty"`     // the scheduler has looked at it
	NotBefore      time.Time `json:"notBefore,omitzero"`  // no task starts earlier: schedule, round or backoff
	LaunchFailures int       `json:"launchFailures"`      // rounds in a row in which a task did not reach RUNNING
	LaunchFailedAt time.Time `json:"failedAt,omitzero"`   // the last such round
	Kept           int       `json:"kept,omitempty"`      // tasks of which was said that protection keeps them
	Unplaced       int       `json:"unplaced,omitempty"`  // times in a row that a task found no place
	NotDone        time.Time `json:"notDone,omitzero"`    // it COMPLETES no earlier
	Rollback       bool      `json:"rollback,omitempty"`  // it is what a failed deployment is rolled back to
	Deadlock       bool      `json:"deadlock,omitempty"`  // said that the bounds allow nothing
	AlarmsOff      bool      `json:"alarmsOff,omitempty"` // one was in ALARM when it began, or none are on
	AlarmsAt       time.Time `json:"alarmsAt,omitzero"`   // when to look at them next
	BakedAt        time.Time `json:"bakedAt,omitzero"`    // end of the bake time, once it began

	Strategy  string    `json:"strategy,omitempty"` // ServiceSpec.Rollout when it began
	Stage     string    `json:"stage,omitempty"`    // of a native strategy
	StageEnds time.Time `json:"stageEnds,omitzero"` // no earlier; zero where time does not matter
	Shifted   float64   `json:"shifted,omitempty"`  // percent of the production traffic
	Tested    float64   `json:"tested,omitempty"`   // percent of the test traffic
}

// conclude moves a deployment to a rollout state and tells the world.
func (e *Engine) conclude(s *Service, d *Deployment, state, reason string) {
	d.RolloutState, d.RolloutReason, d.UpdatedAt = state, reason, e.now
	kind := "INFO"
	if state == failed {
		kind = "ERROR"
	}
	e.world.StateChanged(e.now, DeploymentStateChange, DeploymentEvent{
		EventType: kind, EventName: "SERVICE_DEPLOYMENT_" + state,
		DeploymentID: d.ID, UpdatedAt: e.now, Reason: reason,
	}, []string{s.Spec.ARN})
}

// start makes a new deployment of what the service's specification says PRIMARY.
// Those before it become ACTIVE: one that COMPLETED keeps its tasks until the new
// ones are healthy, one that did not keeps those that are healthy already and starts
// no more. force has tags resolved anew.
func (e *Engine) start(s *Service, force bool) {
	revision := e.newRevision(s, force)
	if len(s.Deployments) > 0 {
		s.primary().Status, s.primary().UpdatedAt = active, e.now
		e.stopRecord(s)
	}
	d := &Deployment{
		ID: "ecs-svc/" + e.ids.digits(), Status: primary, RevisionARN: revision.ARN,
		TaskDefinition: revision.TaskDefinition, CreatedAt: e.now,
		state: deploymentState{NotBefore: e.now.Add(e.options.Timings.Schedule), Strategy: s.Spec.Rollout},
	}
	s.Deployments = append([]*Deployment{d}, s.Deployments...)
	e.newRecord(s, d)
	d.Desired = e.desired(s)
	e.conclude(s, d, inProgress, "ECS deployment "+d.ID+" in progress.")
	s.state.StopAt = time.Time{}
}

// deploymentBegins is the scheduler's first look at a deployment.
func (e *Engine) deploymentBegins(s *Service, d *Deployment) {
	if d.state.Begun || e.now.Before(d.state.NotBefore) {
		return
	}
	d.state.Begun = true
	e.beginRecord(s)
	e.beginAlarms(s, d)
}
