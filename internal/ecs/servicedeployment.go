package ecs

import (
	"encoding/json"
	"time"
)

// ServiceDeployment is one record of DescribeServiceDeployments: what one change of a
// service came to, whatever strategy it rolls by.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
type ServiceDeployment struct {
	ARN            string
	ServiceARN     string
	ClusterARN     string
	Status         string // PENDING, IN_PROGRESS, SUCCESSFUL, STOPPED, ROLLBACK_SUCCESSFUL, …
	StatusReason   string
	Strategy       string // ROLLING, BLUE_GREEN, LINEAR, CANARY; "" where AWS does not say
	LifecycleStage string // SCALE_UP, BAKE_TIME, …; AWS adds stages: tolerate unknown ones
	Target         RevisionState
	Sources        []RevisionState
	Hooks          []LifecycleHook
	Alarms         []string // that watch it
	AlarmsRinging  []string // that failed it
	RollbackReason string
	CreatedAt      time.Time
	StartedAt      time.Time // zero where it did not begin
	FinishedAt     time.Time // zero while it goes on
	StoppedAt      time.Time // zero if it was not stopped
}

// Waiting returns the PAUSE hooks that wait for an answer.
func (d ServiceDeployment) Waiting() []LifecycleHook {
	var waiting []LifecycleHook
	for _, h := range d.Hooks {
		if h.Status == "AWAITING_ACTION" {
			waiting = append(waiting, h)
		}
	}
	return waiting
}

// RevisionState is how far a service revision has come in a service deployment.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevisionSummary.html
type RevisionState struct {
	ARN               string
	Requested         int
	Running           int
	Pending           int
	ProductionTraffic float64 // percent, 0 to 100
	TestTraffic       float64 // percent, 0 to 100
}

// ServiceRevision is what a service was to run: its task definition, and of the service's
// settings those that a deployment rolls out.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html
type ServiceRevision struct {
	ARN            string
	TaskDefinition string // ARN
	Images         []RevisionImage

	// Record is the whole revision as AWS's JSON.
	Record json.RawMessage
}

// RevisionImage is the image of a container of a service revision.
type RevisionImage struct {
	Container string
	Image     string
	Digest    string // "" where ECS has not resolved it
}

// LifecycleHook is a hook that runs or ran in a service deployment.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHookDetail.html
type LifecycleHook struct {
	ID            string // what ContinueServiceDeployment takes
	Type          string // AWS_LAMBDA, PAUSE
	Target        string // ARN of the function; "" for a pause
	Status        string // AWAITING_ACTION, IN_PROGRESS, SUCCEEDED, FAILED, TIMED_OUT
	TimeoutAction string // CONTINUE, ROLLBACK
	ExpiresAt     time.Time
}

// Alarm is a CloudWatch alarm.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
type Alarm struct {
	Name   string
	State  string // OK, ALARM, INSUFFICIENT_DATA
	Reason string // of the state, in CloudWatch's words
	Since  time.Time
	Came   time.Time // when it came to its state from another one
}

// AlarmChange is a change of the state of a CloudWatch alarm.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmHistoryItem.html
type AlarmChange struct {
	At     time.Time
	State  string // that it came to
	Reason string
}
