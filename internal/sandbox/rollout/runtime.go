package rollout

import (
	"cmp"
	"slices"
	"time"
)

// Runtime runs the containers of tasks. The engine asks it to start, check and stop
// them, and learns what becomes of them from ContainerEvents. A runtime that knows the
// future, as a simulation does, answers with it; one that watches real containers
// answers nothing, and its holder calls Engine.Observe once something happened.
//
// The methods are called while state moves, in order of time, must return at once and
// must not call the Engine. What they are given is the engine's own: they only read it.
type Runtime interface {
	// Start creates and starts a container whose image was looked up.
	Start(c Workload) []ContainerEvent
	// Check begins to check the health of a container that runs, until it is stopped.
	Check(c Workload, p Probe) []ContainerEvent
	// Stop sends SIGTERM and, after the timeout, SIGKILL. A container that does not run
	// yet must never start; its exit is ignored.
	Stop(c Workload, timeout time.Duration) []ContainerEvent
}

// Workload is a container as its Runtime sees it.
type Workload struct {
	Task  *Task
	Index int // of the container in its task
	Spec  *ContainerSpec
	Image Image
	Age   time.Duration // how long it has been running; 0 before it runs
}

// ContainerEvent is something that happens to a container.
type ContainerEvent struct {
	After     time.Duration `json:"-"` // in an answer of a Runtime: from now on
	Kind      EventKind     `json:"kind"`
	Container int           `json:"container"`         // its index in the task; an answer may leave it out
	Target    int           `json:"target,omitempty"`  // of HealthChanged: Probe.Target; an answer may leave it out
	Healthy   bool          `json:"healthy,omitempty"` // of HealthChanged
	Code      int           `json:"code,omitempty"`    // of Exited
	Text      string        `json:"text,omitempty"`    // of Printed the line; of StartFailed and Exited why, in AWS's words
}

// EventKind says what happened to a container. Of what happens at one instant while a
// task starts, the lower kind comes first.
type EventKind int

// The kinds of events, whose numbers are saved.
const (
	Started       EventKind = iota + 1 // it runs
	Printed                            // it wrote a line
	HealthChanged                      // its checks, as the Probe counts them, came to another conclusion
	Exited                             // it ended, by itself or because it was stopped
	StartFailed                        // its image cannot be pulled, or it cannot be created or started
)

// Probe is a series of health checks: every Interval after the answer to the last
// one, where a failing check takes Timeout to answer.
type Probe struct {
	Target      int // which of the task's targets is asked, from 1; 0 means the container's own check
	Interval    time.Duration
	Timeout     time.Duration
	StartPeriod time.Duration // failures before its end don't count until one succeeded
	Up          int           // successes in a row that make bad good; the first conclusion needs one
	Down        int           // failures in a row that make bad
}

// probe is Docker's health check with ECS's defaults.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
func (c HealthCheck) probe() Probe {
	p := Probe{Interval: c.Interval, Timeout: c.Timeout, StartPeriod: c.StartPeriod, Up: 1, Down: c.Retries}
	if p.Interval <= 0 {
		p.Interval = 30 * time.Second
	}
	if p.Timeout <= 0 {
		p.Timeout = 5 * time.Second
	}
	if p.Down <= 0 {
		p.Down = 3
	}
	return p
}

// Observe takes an event that a Runtime saw happen. An event that comes twice, or too
// late, is ignored.
func (e *Engine) Observe(now time.Time, task string, event ContainerEvent) {
	e.Advance(now)
	t := e.tasks[task]
	if t == nil || event.Container < 0 || event.Container >= len(t.Containers) {
		return
	}
	e.happen(t, event)
	e.arm(t)
	e.Advance(e.now)
}

// startContainers has the runtime start all containers of a task.
func (e *Engine) startContainers(t *Task) {
	var events []ContainerEvent
	for i := range t.Containers {
		for _, event := range e.runtime.Start(e.workload(t, i)) {
			event.Container = i
			events = append(events, event)
		}
	}
	slices.SortStableFunc(events, func(a, b ContainerEvent) int { return cmp.Compare(a.Kind, b.Kind) })
	for _, event := range events {
		e.plan(t, event.After, step{Kind: stepContainer, Event: event})
	}
}

// check begins a series of health checks of a container.
func (e *Engine) check(t *Task, n int, p Probe) {
	for _, event := range e.runtime.Check(e.workload(t, n), p) {
		event.Container, event.Target = n, p.Target
		e.plan(t, event.After, step{Kind: stepContainer, Event: event})
	}
}

// stopContainer ends a container, which has exited already or will.
func (e *Engine) stopContainer(t *Task, n int) {
	c := &t.Containers[n]
	if c.RuntimeID == "" || c.LastStatus == stopped {
		c.LastStatus = stopped
		return
	}
	timeout := t.spec.Containers[n].StopTimeout
	if timeout <= 0 {
		timeout = stopTimeout
	}
	events := e.runtime.Stop(e.workload(t, n), timeout)
	if c.LastStatus != running {
		c.LastStatus = stopped
		return
	}
	for _, event := range events {
		event.Container = n
		e.plan(t, event.After, step{Kind: stepContainer, Event: event})
	}
}

func (e *Engine) workload(t *Task, n int) Workload {
	w := Workload{Task: t, Index: n, Spec: &t.spec.Containers[n], Image: t.state.Images[n]}
	if begun := t.state.Begun[n]; !begun.IsZero() {
		w.Age = e.now.Sub(begun)
	}
	return w
}

// happen has an event take effect.
func (e *Engine) happen(t *Task, event ContainerEvent) {
	n := event.Container
	c := &t.Containers[n]
	switch fromTarget := event.Target > 0; {
	case fromTarget && event.Target <= len(t.state.Targets):
		e.targetHealth(t, event.Target-1, event.Healthy)
	case fromTarget, c.RuntimeID == "", c.LastStatus == stopped:
	case event.Kind == Started && c.LastStatus == pending:
		e.containerRuns(t, n)
	case event.Kind == Printed:
		e.world.Log(e.now, t, &t.spec.Containers[n], event.Text)
	case event.Kind == HealthChanged:
		e.containerHealth(t, n, event.Healthy)
	case event.Kind == Exited:
		e.containerExits(t, n, event.Code, event.Text)
	case event.Kind == StartFailed:
		e.startFailed(t, n, event.Text)
	}
}

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
