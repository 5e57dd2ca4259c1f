// Package rollout is the sandbox's Amazon ECS scheduler: services, their deployments
// and tasks as one state machine without goroutines, timers or I/O. Whoever holds it
// says what time it is; it does everything that is due by then, in order of time,
// and says when it next has something to do. So a server drives it by a clock, a test
// by hand, and a simulation of ten thousand services as fast as it computes.
//
//	API call ──▶ mutate ──▶ Advance(now) ──▶ transitions in order of time ──▶ Next()
//
// What containers do (start, exit, run out of memory, answer a health check, print)
// comes from the labels of their image's config, which the World looks up.
package rollout

import "time"

// Image is what the scheduler has to know of an image that was pulled.
type Image struct {
	Digest string
	Labels map[string]string // of the image's config; see ParseBehaviour
}

// PullError is why an image could not be pulled, in AWS's words: the stopped
// reason of the task, such as "CannotPullContainerError: …".
type PullError struct{ Reason string }

// Error returns the reason.
func (e *PullError) Error() string { return e.Reason }

// World is what lies outside of the scheduler. Its methods are called while state
// moves, in order of time, and must return at once.
type World interface {
	// Pull looks an image up by the reference in a task definition. A failure is a
	// *PullError.
	Pull(reference string) (Image, error)
	// CheckLaunch tells whether what a task needs besides images is there (log
	// groups, secrets); it returns AWS's stopped reason ("ResourceInitializationError: …") or "".
	CheckLaunch(spec *TaskSpec) string
	// Log takes a line that a container printed.
	Log(at time.Time, task *Task, container *ContainerSpec, line string)
	// Register and Deregister add and remove a task's target in a target group.
	Register(at time.Time, targetGroup string, target Target)
	Deregister(at time.Time, targetGroup string, target Target)
	// TargetChanged tells how the health of a registered target stands.
	TargetChanged(at time.Time, targetGroup string, target Target, state, reason, description string)
	// StateChanged tells of an event as EventBridge would carry it.
	StateChanged(at time.Time, detailType string, detail any, resources []string)
}

// Target is an address that a target group sends requests to.
type Target struct {
	ID   string // IP address
	Port int
}

// TaskSpec is what of a task definition matters when a task runs. It does not change.
type TaskSpec struct {
	ARN        string // of the task definition
	Family     string
	Revision   int
	CPU        string // as registered
	Memory     string
	Containers []ContainerSpec
}

// ContainerSpec is one container of a task definition.
type ContainerSpec struct {
	Name        string
	Image       string
	Essential   bool
	MemoryMiB   int // hard limit, 0 where there is none
	Health      *HealthCheck
	StopTimeout time.Duration // 0 means ECS's 30 seconds
	LogDriver   string
	LogOptions  map[string]string
	// VersionConsistency is off where the task definition says "disabled".
	VersionConsistencyOff bool
}

// HealthCheck is a container's health check with ECS's defaults filled in.
type HealthCheck struct {
	Interval    time.Duration
	Timeout     time.Duration
	Retries     int
	StartPeriod time.Duration
}
