// Package ecs holds the part of Amazon ECS's model that Tagboat looks at, as plain
// values in AWS's own words. Package cloud fills them from the AWS SDK; what decides
// (deploy, explain, status) reads them and never sees the SDK.
package ecs

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Service is one record of DescribeServices.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
type Service struct {
	ARN                string
	Name               string
	ClusterARN         string
	Status             string // ACTIVE, DRAINING, INACTIVE
	TaskDefinition     string // ARN
	Desired            int
	Running            int
	Pending            int
	Controller         string // ECS, EXTERNAL, CODE_DEPLOY
	Manager            string // ECS where Express Mode made it, else CUSTOMER; "" where AWS does not say
	SchedulingStrategy string // REPLICA, DAEMON
	MinHealthyPercent  int
	MaxPercent         int
	BreakerEnabled     bool
	BreakerRollback    bool
	HealthCheckGrace   time.Duration
	LoadBalancers      []LoadBalancer
	Deployments        []Deployment // newest first, as ECS answers
	Events             []Event      // newest first
	CreatedAt          time.Time
	Tags               map[string]string // nil if not included

	// Record is the whole record as AWS's JSON, for comparing with the user's file.
	Record json.RawMessage
}

// Primary returns the deployment with status PRIMARY.
func (s Service) Primary() (Deployment, bool) {
	for _, d := range s.Deployments {
		if d.Status == Primary {
			return d, true
		}
	}
	return Deployment{}, false
}

// Deployment returns the deployment with the given id.
func (s Service) Deployment(id string) (Deployment, bool) {
	for _, d := range s.Deployments {
		if d.ID == id {
			return d, true
		}
	}
	return Deployment{}, false
}

// Deployment is one of a service's deployments.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
type Deployment struct {
	ID             string // ecs-svc/…
	Status         string // PRIMARY, ACTIVE, INACTIVE; others have been seen
	TaskDefinition string // ARN
	RolloutState   string // IN_PROGRESS, COMPLETED, FAILED
	RolloutReason  string
	Desired        int
	Running        int
	Pending        int
	FailedTasks    int
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// ByECS is the Manager of services that Express Mode made.
const ByECS = "ECS"

// ExpressConfiguration is what tasks of an Express Mode service run with.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExpressGatewayServiceConfiguration.html
type ExpressConfiguration struct {
	TaskDefinition string          // ARN
	Container      json.RawMessage // the primary container, as AWS's JSON
}

// LoadBalancer ties a container's port to a target group.
type LoadBalancer struct {
	TargetGroup   string // ARN
	ContainerName string
	ContainerPort int
}

// Event is one message of a service. ECS keeps the newest hundred.
type Event struct {
	ID      string
	At      time.Time
	Message string
}

// Task is one record of DescribeTasks.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
type Task struct {
	ARN            string
	TaskDefinition string // ARN
	LastStatus     string
	DesiredStatus  string
	Health         string // HEALTHY, UNHEALTHY, UNKNOWN
	StopCode       string
	StoppedReason  string
	StartedBy      string // the id of the deployment, for a service's task
	Group          string // service:NAME
	CreatedAt      time.Time
	StartedAt      time.Time // zero where it never ran
	StoppedAt      time.Time // zero where it did not stop
	Containers     []Container
}

// ID returns the last part of the task's ARN, which has two forms.
func (t Task) ID() string { return LastPart(t.ARN) }

// Container is one container of a task.
type Container struct {
	Name       string
	Image      string
	Digest     string // "" until it was pulled
	LastStatus string
	Health     string
	ExitCode   *int // nil where it never started or still runs
	Reason     string
	// Optional says that it is not essential: its end does not end the task. Only task
	// definitions say so, tasks do not; false where that was not read.
	Optional bool
}

// TargetHealth is what a target group says of one target.
type TargetHealth struct {
	TargetGroup string // ARN
	Target      string // IP address or instance
	Port        int
	State       string // initial, healthy, unhealthy, unused, draining, unavailable
	Reason      string
	Description string
}

// Secret is what of a secret of Secrets Manager says whether a task can have it.
type Secret struct {
	Deleted  bool                // it is marked for deletion
	Versions map[string][]string // staging labels by the id of a version
}

// TargetGroup is where a load balancer sends its requests.
type TargetGroup struct {
	ARN           string
	Type          string   // instance, ip, lambda, alb
	LoadBalancers []string // ARNs of those that send to it
}

// LogLine is one line that a container printed.
type LogLine struct {
	At      time.Time
	Message string
}

// LastPart returns what follows the last slash. The names of services and tasks are
// the last part of their ARNs in the older form and in the newer one, which has the
// cluster before it.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
func LastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// OfService returns the cluster and the name in a service's ARN; the cluster is "" where the ARN has
// the old form, without one.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
func OfService(arn string) (cluster, name string) {
	if parts := strings.Split(arn, "/"); len(parts) == 3 {
		return parts[1], parts[2]
	}
	return "", LastPart(arn)
}

// TaskDefinition is one registered revision.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
type TaskDefinition struct {
	ARN      string
	Family   string
	Revision int
	Status   string // ACTIVE, INACTIVE, DELETE_IN_PROGRESS

	// Record is the revision as AWS's JSON in the shape of RegisterTaskDefinition's
	// input, with the fields that only answers have beside it; "tags" stands in it
	// as one more member, as in that input.
	Record json.RawMessage
}

// TaskFilter selects tasks of a cluster for ListTasks.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
type TaskFilter struct {
	Service string // name of the service; must be empty where StartedBy is set
	Family  string // of their task definitions; must be empty where StartedBy is set
	// StartedBy is the id of the deployment that started the tasks. ECS takes it
	// only alone: neither service nor family may go with it.
	StartedBy string
	// DesiredStatus is RUNNING (what ECS takes "" for) or STOPPED; ECS keeps stopped
	// tasks for about an hour. PENDING never matches anything.
	DesiredStatus string
	// AtMost ends the list once it is longer; 0 lists all.
	AtMost int
}

// The kinds of failure that decisions depend on. Package cloud wraps them; test with
// errors.Is.
var (
	// ErrNotFound says that AWS does not have what was asked for: a cluster, a task
	// definition, a log group.
	ErrNotFound = errors.New("not found")
	// ErrAmbiguous says that the answer to a changing call got lost, so that it may have
	// taken effect: look before repeating it.
	ErrAmbiguous = errors.New("the answer got lost: it may have taken effect")
	// ErrNotDone says that AWS refused a call because of what it asks for or who asks, so
	// that nothing came of it.
	ErrNotDone = errors.New("AWS refused it: nothing came of it")
)

// RefusedError says that AWS does not let the caller make a call. Repeating it does not help until
// a policy is changed or the credentials are renewed. Package cloud wraps it; find it with
// errors.As.
type RefusedError struct {
	Action string // in IAM's words: "ecs:ListTasks"
}

// Error says what is refused.
func (r RefusedError) Error() string { return r.Action + " is refused" }

// Deadlocked reports whether the healthy percents of a service let ECS neither stop an old
// task nor start a new one: the lower bound, rounded up, is how many tasks must stay healthy,
// and the upper one, rounded down, how many may exist.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
func Deadlocked(desired, minimumPercent, maximumPercent int) (lower, upper int, deadlocked bool) {
	lower, upper = (desired*minimumPercent+99)/100, desired*maximumPercent/100
	return lower, upper, desired > 0 && lower >= desired && upper <= desired
}
