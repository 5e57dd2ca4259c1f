package rollout

import (
	"encoding/json"
	"time"
)

// Service is an ECS service. What the engine returns is its own record: callers read
// it, change nothing, and keep none of it past their next call of the engine.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
type Service struct {
	Spec      ServiceSpec `json:"spec"`
	Status    string      `json:"status"` // ACTIVE, DRAINING, INACTIVE
	CreatedAt time.Time   `json:"createdAt"`

	Deployments []*Deployment        `json:"deployments"`       // newest first: PRIMARY, then ACTIVE ones
	History     []*ServiceDeployment `json:"history,omitempty"` // newest first
	Revisions   []*ServiceRevision   `json:"revisions"`         // newest first
	Events      []Event              `json:"events,omitempty"`  // newest first, at most 100
	Running     int                  `json:"running"`           // tasks of all deployments in RUNNING
	Pending     int                  `json:"pending"`           // tasks of all deployments before RUNNING
}

// Event is one message of a service in AWS's wording.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
type Event struct {
	ID      string    `json:"id"` // UUID
	At      time.Time `json:"at"`
	Message string    `json:"message"`
}

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
	Failed         int       `json:"failed"`       // consecutive
	RolloutState   string    `json:"rolloutState"` // IN_PROGRESS, COMPLETED, FAILED
	RolloutReason  string    `json:"rolloutReason"`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
}

// ServiceRevision is what a deployment brings out; it does not change but for the
// digests that its first task resolves.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html
type ServiceRevision struct {
	ARN             string           `json:"arn"`
	TaskDefinition  string           `json:"taskDefinition"` // ARN
	LoadBalancers   []LoadBalancer   `json:"loadBalancers,omitempty"`
	LaunchType      string           `json:"launchType,omitempty"`
	PlatformVersion string           `json:"platformVersion,omitempty"`
	Extra           json.RawMessage  `json:"extra,omitempty"` // ServiceSpec.Revision
	Images          []ContainerImage `json:"images"`
	CreatedAt       time.Time        `json:"createdAt"`
}

// ContainerImage is the image of one container of a revision.
type ContainerImage struct {
	Container string `json:"container"`
	Image     string `json:"image"`            // as in the task definition
	Digest    string `json:"digest,omitempty"` // "" until resolved, and where version consistency is off
}

// ServiceDeployment is the record that one change of a service leaves, a rollback of
// it included.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
type ServiceDeployment struct {
	ARN            string          `json:"arn"` // ends in 21 characters
	DeploymentID   string          `json:"deploymentId"`
	Status         string          `json:"status"` // PENDING, IN_PROGRESS, SUCCESSFUL, …
	StatusReason   string          `json:"statusReason,omitempty"`
	LifecycleStage string          `json:"lifecycleStage,omitempty"`
	Sources        []RevisionCount `json:"sources,omitempty"`
	Target         RevisionCount   `json:"target"`
	Breaker        BreakerState    `json:"breaker"`
	Alarms         AlarmsState     `json:"alarms"`
	Rollback       *Rollback       `json:"rollback,omitempty"`
	// The configuration that the deployment runs under.
	MinHealthyPercent int       `json:"minHealthyPercent"`
	MaxPercent        int       `json:"maxPercent"`
	CreatedAt         time.Time `json:"createdAt"`
	UpdatedAt         time.Time `json:"updatedAt"`
	StartedAt         time.Time `json:"startedAt,omitzero"`
	FinishedAt        time.Time `json:"finishedAt,omitzero"`
	StoppedAt         time.Time `json:"stoppedAt,omitzero"`
}

// RevisionCount is how many tasks of a revision there are and should be.
type RevisionCount struct {
	ARN       string `json:"arn"`
	Requested int    `json:"requested"`
	Running   int    `json:"running"`
	Pending   int    `json:"pending"`
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

// Task is an ECS task. The rules for callers are those of Service.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
type Task struct {
	ARN             string      `json:"arn"` // ends in 32 hex digits
	ClusterARN      string      `json:"clusterArn"`
	ServiceARN      string      `json:"serviceArn,omitempty"` // "" for a task of RunTask
	RevisionARN     string      `json:"revisionArn,omitempty"`
	TaskDefinition  string      `json:"taskDefinition"` // ARN
	Group           string      `json:"group"`          // service:NAME, or family:NAME
	StartedBy       string      `json:"startedBy,omitempty"`
	LaunchType      string      `json:"launchType,omitempty"`
	PlatformVersion string      `json:"platformVersion,omitempty"`
	LastStatus      string      `json:"lastStatus"`    // PROVISIONING … STOPPED
	DesiredStatus   string      `json:"desiredStatus"` // RUNNING, STOPPED
	Health          string      `json:"health"`        // HEALTHY, UNHEALTHY, UNKNOWN
	StopCode        string      `json:"stopCode,omitempty"`
	StoppedReason   string      `json:"stoppedReason,omitempty"`
	Containers      []Container `json:"containers"`
	IP              string      `json:"ip"`      // private, of its own network interface
	Version         int         `json:"version"` // counts changes of state

	CreatedAt          time.Time `json:"createdAt"`
	PullStartedAt      time.Time `json:"pullStartedAt,omitzero"`
	PullStoppedAt      time.Time `json:"pullStoppedAt,omitzero"`
	StartedAt          time.Time `json:"startedAt,omitzero"` // RUNNING
	StoppingAt         time.Time `json:"stoppingAt,omitzero"`
	ExecutionStoppedAt time.Time `json:"executionStoppedAt,omitzero"` // the containers stopped
	StoppedAt          time.Time `json:"stoppedAt,omitzero"`

	// Other is what RunTask was given for the API to keep: tags, overrides, network.
	Other json.RawMessage `json:"other,omitempty"`
}

// Container is one container of a task.
type Container struct {
	ARN        string `json:"arn"`
	Name       string `json:"name"`
	Image      string `json:"image"`               // with @sha256:… once a tag was resolved
	Digest     string `json:"digest,omitempty"`    // "" until it was pulled
	RuntimeID  string `json:"runtimeId,omitempty"` // "" until it was created
	LastStatus string `json:"lastStatus"`          // PENDING, RUNNING, STOPPED
	Health     string `json:"health"`              // HEALTHY, UNHEALTHY, UNKNOWN
	ExitCode   *int   `json:"exitCode,omitempty"`  // nil where it never started or still runs
	Reason     string `json:"reason,omitempty"`
}

// RunTaskSpec is the input of RunTask for one task.
type RunTaskSpec struct {
	ClusterARN      string
	Task            *TaskSpec
	Group           string // "" means family:FAMILY
	StartedBy       string
	LaunchType      string
	PlatformVersion string
	Other           json.RawMessage // kept in Task.Other
}

// TaskFilter selects tasks; empty members select all.
type TaskFilter struct {
	ClusterARN    string
	ServiceARN    string
	Family        string
	StartedBy     string
	DesiredStatus string // RUNNING, STOPPED
	LaunchType    string
}

// Error is a refusal in AWS's words.
type Error struct {
	Code    string // ServiceNotFoundException, InvalidParameterException, …
	Message string
}

// Error returns code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }
