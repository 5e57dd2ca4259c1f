package rollout

import (
	"encoding/json"
	"time"
)

// Task is an ECS task. What the engine returns is its own record: callers read it,
// change nothing, and keep none of it past their next call of the engine.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
type Task struct {
	ARN             string `json:"arn"` // ends in 32 hex digits
	ClusterARN      string `json:"clusterArn"`
	ServiceARN      string `json:"serviceArn,omitempty"` // "" for a task of RunTask
	RevisionARN     string `json:"revisionArn,omitempty"`
	TaskDefinition  string `json:"taskDefinition"`      // ARN
	Group           string `json:"group"`               // service:NAME, or family:NAME
	StartedBy       string `json:"startedBy,omitempty"` // the deployment's id for a service's task
	LaunchType      string `json:"launchType,omitempty"`
	PlatformVersion string `json:"platformVersion,omitempty"`
	// CapacityProvider is what it runs on; "" where its launch type alone says it.
	CapacityProvider string      `json:"capacityProvider,omitempty"`
	Instance         string      `json:"instance,omitempty"` // ARN of the container instance; "" on Fargate
	Subnet           string      `json:"subnet,omitempty"`   // of its network interface
	Zone             string      `json:"zone,omitempty"`
	LastStatus       string      `json:"lastStatus"`    // PROVISIONING … STOPPED
	DesiredStatus    string      `json:"desiredStatus"` // RUNNING, STOPPED
	Health           string      `json:"health"`        // HEALTHY, UNHEALTHY, UNKNOWN
	StopCode         string      `json:"stopCode,omitempty"`
	StoppedReason    string      `json:"stoppedReason,omitempty"`
	Containers       []Container `json:"containers"` // in the task definition's order
	IP               string      `json:"ip"`         // private, of its own network interface
	Version          int         `json:"version"`    // counts changes of state

	CreatedAt          time.Time `json:"createdAt"`
	PullStartedAt      time.Time `json:"pullStartedAt,omitzero"`
	PullStoppedAt      time.Time `json:"pullStoppedAt,omitzero"`
	StartedAt          time.Time `json:"startedAt,omitzero"` // RUNNING
	StoppingAt         time.Time `json:"stoppingAt,omitzero"`
	ExecutionStoppedAt time.Time `json:"executionStoppedAt,omitzero"` // the containers stopped
	StoppedAt          time.Time `json:"stoppedAt,omitzero"`

	ProtectedUntil time.Time `json:"protectedUntil,omitzero"` // see Engine.Protect

	// Other is what RunTask was given for the API to keep: tags, overrides, network.
	Other json.RawMessage `json:"other,omitempty"`

	spec    *TaskSpec
	service *Service  // nil for a task of RunTask, and once it stopped
	on      *Instance // nil on Fargate, and once it stopped
	ports   [][]Port  // by container, until the containers have them
	due     due
	state   taskState
}

// Container is one container of a task.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html
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
	Ports      []Port `json:"ports,omitempty"` // that the instance gave it
}

// The values of statuses and stop codes that the scheduler itself compares.
const (
	provisioning   = "PROVISIONING"
	pending        = "PENDING"
	activating     = "ACTIVATING"
	running        = "RUNNING"
	deactivating   = "DEACTIVATING"
	stopping       = "STOPPING"
	deprovisioning = "DEPROVISIONING"
	stopped        = "STOPPED"

	healthy   = "HEALTHY"
	unhealthy = "UNHEALTHY"
	unknown   = "UNKNOWN"

	failedToStart   = "TaskFailedToStart"
	essentialExited = "EssentialContainerExited"
	userInitiated   = "UserInitiated"
	byScheduler     = "ServiceSchedulerInitiated"
	spotInterrupted = "SpotInterruption"
	instanceGone    = "TerminationNotice"
)

// taskState is what the engine knows of a task beyond what AWS shows.
type taskState struct {
	Agenda     []step        `json:"agenda,omitempty"`     // what is to happen, in order of time
	Images     []Image       `json:"images,omitempty"`     // of the containers, once looked up
	Begun      []time.Time   `json:"begun,omitempty"`      // when each container began to run
	Failure    string        `json:"failure,omitempty"`    // why it cannot be launched
	Targets    []targetState `json:"targets,omitempty"`    // of the service's load balancers, once registered
	Settled    bool          `json:"settled,omitempty"`    // ran for Timings.Settle
	WasHealthy bool          `json:"wasHealthy,omitempty"` // counted as healthy once
	Condemned  string        `json:"condemned,omitempty"`  // why it has to be replaced, as a stopped reason
}

// targetState is a task's target in one target group.
type targetState struct {
	Group  string `json:"group"`
	Target Target `json:"target"`
	State  string `json:"state"` // initial, healthy, unhealthy
}

// step is one thing that is to happen to a task.
type step struct {
	At    time.Time      `json:"at"`
	Kind  stepKind       `json:"kind"`
	Event ContainerEvent `json:"event,omitzero"` // of stepContainer
}

type stepKind string

// The steps, in the order of a task's life.
const (
	stepProvisioned stepKind = "provisioned"
	stepGiveUp      stepKind = "giveUp"
	stepPulled      stepKind = "pulled"
	stepContainer   stepKind = "container" // what the Runtime said would happen
	stepReported    stepKind = "reported"
	stepActivated   stepKind = "activated"
	stepSettled     stepKind = "settled"
	stepDrained     stepKind = "drained"
	stepStopped     stepKind = "stopped"
	stepForget      stepKind = "forget"
)

// plan adds a step to the task's agenda, after those of the same time.
func (e *Engine) plan(t *Task, after time.Duration, s step) {
	s.At = e.now.Add(after)
	agenda := t.state.Agenda
	i := len(agenda)
	for i > 0 && agenda[i-1].At.After(s.At) {
		i--
	}
	agenda = append(agenda, step{})
	copy(agenda[i+1:], agenda[i:])
	agenda[i] = s
	t.state.Agenda = agenda
}

// arm puts the task into the queue by the first step of its agenda.
func (e *Engine) arm(t *Task) {
	var at time.Time
	if len(t.state.Agenda) > 0 {
		at = t.state.Agenda[0].At
	}
	e.queue.set(&t.due, at)
}

// step does the first step of a task's agenda.
func (e *Engine) step(t *Task) {
	s := t.state.Agenda[0]
	t.state.Agenda = t.state.Agenda[1:]
	switch s.Kind {
	case stepProvisioned:
		e.provisioned(t)
	case stepGiveUp:
		e.stop(t, failedToStart, t.state.Failure)
	case stepPulled:
		e.pulled(t)
	case stepContainer:
		e.happen(t, s.Event)
	case stepReported:
		e.reported(t)
	case stepActivated:
		e.activated(t)
	case stepSettled:
		t.state.Settled = true
		e.wakeService(t)
	case stepDrained:
		e.terminate(t)
	case stepStopped:
		e.stopped(t)
	case stepForget:
		delete(e.tasks, t.ARN)
	}
	e.arm(t)
}

// enter moves a task to a status and reports it to the world.
func (e *Engine) enter(t *Task, status string) {
	t.LastStatus = status
	e.taskChanged(t)
}

func (e *Engine) taskChanged(t *Task) {
	t.Version++
	e.world.StateChanged(e.now, TaskStateChange, t, []string{t.ARN})
	e.wakeService(t)
}

func (e *Engine) wakeService(t *Task) {
	if t.service != nil {
		e.wake(t.service)
	}
}

// live reports whether the task is there to stay: it counts against the upper bound.
func (t *Task) live() bool { return t.DesiredStatus == running }

// pending reports whether the task is on its way to RUNNING.
func (t *Task) pending() bool {
	return t.LastStatus == provisioning || t.LastStatus == pending || t.LastStatus == activating
}

// good reports whether the task counts towards what its deployment wants.
func (t *Task) good() bool { return t.live() && t.state.Condemned == "" }

// fit reports whether a task counts as healthy towards the lower bound: it runs, its
// targets are healthy, its containers' health checks succeed, and with neither it ran
// for forty seconds.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
func (t *Task) fit() bool {
	if !t.good() || t.LastStatus != running {
		return false
	}
	for _, target := range t.state.Targets {
		if target.State != targetHealthy {
			return false
		}
	}
	if t.spec.checked() {
		return t.Health == healthy
	}
	return len(t.state.Targets) > 0 || t.state.Settled
}

// checked reports whether an essential container has a health check.
func (s *TaskSpec) checked() bool {
	for i := range s.Containers {
		if s.Containers[i].Essential && s.Containers[i].Health != nil {
			return true
		}
	}
	return false
}
