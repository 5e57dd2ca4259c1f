package rollout

import "time"

// Image is an image that was pulled.
type Image struct {
	Digest string            `json:"digest"`
	Labels map[string]string `json:"labels,omitempty"` // of the image's config, for the Runtime
}

// PullError is why an image could not be pulled, in AWS's words: the stopped
// reason of the task, such as "CannotPullContainerError: …".
type PullError struct{ Reason string }

// Error returns the reason.
func (e *PullError) Error() string { return e.Reason }

// World is what lies outside of the scheduler. Its methods are called while state
// moves, in order of time, must return at once and must not call the Engine.
// What they are given is the engine's own: they read it and keep none of it.
type World interface {
	// Pull looks an image up by a reference: the one in a task definition, or
	// repo:tag@sha256:… once the deployment's first task has resolved the tag. A
	// failure is a *PullError.
	Pull(reference string) (Image, error)
	// CheckLaunch reports whether what a task needs besides images is there (log
	// groups, secrets); it returns AWS's stopped reason ("ResourceInitializationError: …") or "".
	CheckLaunch(spec *TaskSpec) string
	// AlarmState returns how a CloudWatch alarm stands: OK, ALARM or INSUFFICIENT_DATA.
	AlarmState(name string) string
	// Log takes a line that a container printed.
	Log(at time.Time, task *Task, container *ContainerSpec, line string)
	// Register and Deregister add and remove a task's target in a target group.
	Register(at time.Time, targetGroup string, target Target)
	Deregister(at time.Time, targetGroup string, target Target)
	// TargetChanged takes how the health of a registered target stands: initial,
	// healthy, unhealthy or draining, with the reason and description that
	// DescribeTargetHealth answers (both "" for a healthy target).
	TargetChanged(at time.Time, targetGroup string, target Target, state, reason, description string)
	// StateChanged takes an event as EventBridge would carry it: detail encodes
	// as the event's detail.
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
	StateChanged(at time.Time, detailType string, detail any, resources []string)
}

// TargetGroups is what a World may be besides: one that knows how target groups check
// and drain their targets. Without it, and for target groups that it does not know,
// Timings say it.
type TargetGroups interface {
	// TargetGroup returns the settings of a target group, and whether there is one.
	TargetGroup(arn string) (TargetGroup, bool)
}

// TargetGroup is how a target group checks and drains its targets.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
type TargetGroup struct {
	Interval           time.Duration // between two checks of a target
	HealthyThreshold   int           // successes in a row that make an unhealthy target healthy
	UnhealthyThreshold int           // failures in a row that make a target unhealthy
	Drain              time.Duration // the deregistration delay; negative: Timings.Drain
}

// Target is an address that a target group sends requests to.
type Target struct {
	ID   string `json:"id"` // IP address
	Port int    `json:"port"`
}
