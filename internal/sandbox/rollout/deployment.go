package rollout

import (
	"encoding/json"
	"slices"
	"time"
)

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

// deploymentState is what the engine knows of a deployment beyond what AWS shows.
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

// conclude moves a deployment to a rollout state and reports it to the world.
func (e *Engine) conclude(s *Service, d *Deployment, state, reason string) {
	d.RolloutState, d.RolloutReason, d.UpdatedAt = state, reason, e.now
	kind := "INFO"
	if state == failed {
		kind = "ERROR"
	}
	e.world.StateChanged(e.now, DeploymentStateChange, DeploymentEvent{
		EventType: kind, EventName: "SERVICE_DEPLOYMENT_" + state,
		DeploymentID: d.ID, UpdatedAt: e.now.Truncate(time.Second), Reason: reason,
	}, []string{s.Spec.ARN})
}

// start makes a new deployment of what the service's specification says PRIMARY.
// Those before it become ACTIVE: one that COMPLETED keeps its tasks until the new
// ones are healthy, one that did not keeps those that are healthy already and starts
// no more. force resolves tags again.
func (e *Engine) start(s *Service, force bool) {
	revision := e.newRevision(s, force)
	if len(s.Deployments) > 0 {
		s.primary().Status, s.primary().UpdatedAt = active, e.now
		e.stopServiceDeployment(s)
	}
	d := &Deployment{
		ID: "ecs-svc/" + e.ids.digits(), Status: primary, RevisionARN: revision.ARN,
		TaskDefinition: revision.TaskDefinition, CreatedAt: e.now,
		state: deploymentState{NotBefore: e.now.Add(e.options.Timings.Schedule), Strategy: s.Spec.Rollout},
	}
	s.Deployments = append([]*Deployment{d}, s.Deployments...)
	e.newServiceDeployment(s, d)
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
	e.beginServiceDeployment(s)
	e.beginAlarms(s, d)
}

// ServiceRevision is what a deployment brings out. It does not change but for the
// digests that its first task resolves.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html
type ServiceRevision struct {
	ARN             string           `json:"arn"`            // ends in 19 digits
	TaskDefinition  string           `json:"taskDefinition"` // ARN
	LoadBalancers   []LoadBalancer   `json:"loadBalancers,omitempty"`
	LaunchType      string           `json:"launchType,omitempty"`
	PlatformVersion string           `json:"platformVersion,omitempty"`
	Capacity        []Capacity       `json:"capacity,omitempty"`
	Places          []Place          `json:"places,omitempty"`
	Extra           json.RawMessage  `json:"extra,omitempty"`      // ServiceSpec.Revision
	Images          []ContainerImage `json:"images"`               // in the task definition's order
	Alternate       bool             `json:"alternate,omitempty"`  // its targets go to the alternate target groups
	Unresolved      bool             `json:"unresolved,omitempty"` // it goes on with tags as they are
	CreatedAt       time.Time        `json:"createdAt"`

	spec *TaskSpec
}

// ContainerImage is the image of one container of a revision.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerImage.html
type ContainerImage struct {
	Container string `json:"container"`
	Image     string `json:"image"`            // as in the task definition
	Digest    string `json:"digest,omitempty"` // "" until resolved, and where version consistency is off
}

// newRevision adds a revision of what the service's specification says. Digests that
// the same task definition resolved before are reused unless force is set.
func (e *Engine) newRevision(s *Service, force bool) *ServiceRevision {
	region, cluster := splitClusterARN(s.Spec.ClusterARN)
	r := &ServiceRevision{
		ARN:            region + "service-revision/" + cluster + "/" + s.Spec.Name + "/" + e.ids.digits(),
		TaskDefinition: s.Spec.Task.ARN, LoadBalancers: s.Spec.LoadBalancers, LaunchType: s.Spec.LaunchType,
		PlatformVersion: s.Spec.PlatformVersion, Capacity: s.Spec.Capacity, Places: s.Spec.Places, Extra: s.Spec.Revision, CreatedAt: e.now, spec: s.Spec.Task,
	}
	for _, c := range s.Spec.Task.Containers {
		r.Images = append(r.Images, ContainerImage{Container: c.Name, Image: c.Image})
	}
	if len(s.Deployments) > 0 && s.Spec.Rollout != "" && s.Spec.Rollout != Rolling {
		r.Alternate = !s.revision(s.primary().RevisionARN).Alternate
	}
	if !force && len(s.Deployments) > 0 {
		before := s.revision(s.primary().RevisionARN)
		if before.TaskDefinition == r.TaskDefinition {
			copy(r.Images, before.Images)
		}
	}
	s.Revisions = append([]*ServiceRevision{r}, s.Revisions...)
	return r
}

// restoreRevision has the service's specification say what a revision says.
func (s *Service) restoreRevision(r *ServiceRevision) {
	s.Spec.Task, s.Spec.LoadBalancers, s.Spec.LaunchType = r.spec, r.LoadBalancers, r.LaunchType
	s.Spec.PlatformVersion, s.Spec.Capacity, s.Spec.Places, s.Spec.Revision = r.PlatformVersion, r.Capacity, r.Places, r.Extra
}

// Balancers returns the load balancers that the revision's tasks are behind, with the
// target group that is its own; nil has none.
func (r *ServiceRevision) Balancers() []LoadBalancer {
	switch {
	case r == nil:
		return nil
	case !r.Alternate:
		return r.LoadBalancers
	}
	alternate := slices.Clone(r.LoadBalancers)
	for i, lb := range alternate {
		if lb.Alternate != "" {
			alternate[i].TargetGroup = lb.Alternate
		}
	}
	return alternate
}
