package ecs

import (
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

type protectionIn struct {
	Cluster           string
	Tasks             []string
	ProtectionEnabled bool
	ExpiresInMinutes  *int
}

type protectionOut struct {
	ProtectedTasks []protectedTask `json:"protectedTasks"`
	Failures       []failure       `json:"failures"`
}

// protectedTask is the ProtectedTask structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ProtectedTask.html
type protectedTask struct {
	ARN     string    `json:"taskArn"`
	Enabled bool      `json:"protectionEnabled"`
	Expires wire.Time `json:"expirationDate,omitzero"`
}

const (
	protectedFor     = 120  // minutes, by default
	maxProtection    = 2880 // minutes
	maxProtected     = 10
	maxProtectedRead = 100
)

// updateProtection protects tasks of services from being scaled in.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateTaskProtection.html
func (c call) updateProtection(in protectionIn) (protectionOut, error) {
	minutes := protectedFor
	if in.ExpiresInMinutes != nil {
		minutes = *in.ExpiresInMinutes
	}
	switch {
	case len(in.Tasks) == 0 || len(in.Tasks) > maxProtected:
		return protectionOut{}, invalidParameter("Tasks must have between 1 and %d elements.", maxProtected)
	case minutes < 1 || minutes > maxProtection:
		return protectionOut{}, invalidParameter("expiresInMinutes must be between 1 and %d.", maxProtection)
	}
	var until time.Time
	if in.ProtectionEnabled {
		until = c.deps.Clock.Now().Add(time.Duration(minutes) * time.Minute)
	}
	return c.protection(in, func(t *rollout.Task) error { return c.engine.Protect(c.deps.Clock.Now(), t.ARN, until) })
}

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_GetTaskProtection.html
func (c call) getProtection(in protectionIn) (protectionOut, error) {
	if len(in.Tasks) == 0 || len(in.Tasks) > maxProtectedRead {
		return protectionOut{}, invalidParameter("Tasks must have between 1 and %d elements.", maxProtectedRead)
	}
	return c.protection(in, func(*rollout.Task) error { return nil })
}

// protection does something with each task that can be protected, and shows it then.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
func (c call) protection(in protectionIn, do func(*rollout.Task) error) (protectionOut, error) {
	out := protectionOut{ProtectedTasks: []protectedTask{}, Failures: []failure{}}
	cluster, err := c.cluster(in.Cluster)
	if err != nil {
		return out, err
	}
	for _, id := range in.Tasks {
		arn := c.taskARN(cluster, id)
		t := c.engine.Task(arn)
		switch {
		case checkTaskID(id) != nil:
			return out, checkTaskID(id)
		case t == nil || t.ClusterARN != cluster.ARN:
			out.Failures = append(out.Failures, missing(arn))
		case t.ServiceARN == "" || t.DesiredStatus != desiredRunning || do(t) != nil:
			out.Failures = append(out.Failures, failure{ARN: arn, Reason: "TASK_NOT_VALID"})
		default:
			one := protectedTask{ARN: arn, Enabled: t.Protected(c.deps.Clock.Now())}
			if one.Enabled {
				one.Expires = wire.At(t.ProtectedUntil)
			}
			out.ProtectedTasks = append(out.ProtectedTasks, one)
		}
	}
	return out, nil
}
