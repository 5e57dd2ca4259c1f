package tagboat

import "time"

// ServiceDocument is all that is known of one service in one environment.
type ServiceDocument struct {
	Status     ServiceStatus      `json:"status"`
	Release    *EnvironmentStatus `json:"release"` // what the environment has of releases; null where it uses none
	Containers []ServiceContainer `json:"containers"`
	// Upstream is the same service in the environment of the stage before; null for none.
	Upstream *UpstreamService `json:"upstream"`
	// Next is what a promotion would bring now, with the gates as a checklist; null where no release
	// is there to come.
	Next *PromotionResult `json:"next"`
	// Paused is the deployment that waits for somebody; null for none.
	Paused *PausedDeployment `json:"paused"`
	Events []Event           `json:"events"` // of the service, of its images and of the environment; the newest first
	// Errors are what could not be read; the rest of the document is still valid.
	Errors []ErrorDetail `json:"errors,omitempty"`
	Calls  Calls         `json:"calls"`
}

// ServiceContainer is a container of a service with the versions of its image.
type ServiceContainer struct {
	ImageState
	Repository string `json:"repository"` // with its host
	// Commit is the git commit of the version that runs, or of the pinned one where none runs, and
	// Link where it can be looked at; both are "" where the image does not say.
	Commit string `json:"commit"`
	Link   string `json:"link"`
}

// UpstreamService is how a service differs from the environment of the stage before.
type UpstreamService struct {
	Environment EnvName `json:"environment"`
	// Images are those whose versions differ: from what is pinned here to what is there.
	Images []ReleaseImageDiff `json:"images"`
	// Between are the releases that are there and not here yet, the newest first.
	Between []Release `json:"between"`
}

// RolloutDocument is how ECS brings a service's tasks from one revision to another, at one moment.
type RolloutDocument struct {
	Environment EnvName     `json:"environment"`
	Service     ServiceName `json:"service"`
	At          time.Time   `json:"at"`
	// Deployments are ECS's, the newest first.
	Deployments []RolloutDeployment `json:"deployments"`
	Tasks       []RolloutTask       `json:"tasks"`    // those of the newest deployment first
	Messages    []RolloutMessage    `json:"messages"` // ECS's own, the newest first
	Calls       Calls               `json:"calls"`
}

// RolloutDeployment is a deployment as ECS describes it.
type RolloutDeployment struct {
	ID             string    `json:"id"`
	Status         string    `json:"status"` // PRIMARY, ACTIVE or INACTIVE
	State          string    `json:"state"`  // IN_PROGRESS, COMPLETED or FAILED
	Reason         string    `json:"reason"`
	TaskDefinition string    `json:"taskDefinition"` // family:revision
	Stage          string    `json:"stage"`          // of the lifecycle, where a strategy has one
	Waits          bool      `json:"waits"`          // at a pause hook
	Desired        int       `json:"desired"`
	Running        int       `json:"running"`
	Pending        int       `json:"pending"`
	Failed         int       `json:"failed"`
	CreatedAt      time.Time `json:"createdAt"`
}

// RolloutTask is a task that starts, runs or ends.
type RolloutTask struct {
	ID             string     `json:"id"`
	Deployment     string     `json:"deployment"` // the id of its deployment; "" where ECS does not say
	TaskDefinition string     `json:"taskDefinition"`
	Status         string     `json:"status"` // PROVISIONING, PENDING, RUNNING, DEACTIVATING, STOPPED, …
	Wanted         string     `json:"wanted"` // RUNNING or STOPPED
	Health         string     `json:"health"` // HEALTHY, UNHEALTHY or UNKNOWN
	Reason         string     `json:"reason"` // why it ended
	StartedAt      *time.Time `json:"startedAt"`
	StoppedAt      *time.Time `json:"stoppedAt"`
}

// RolloutMessage is something that ECS says of a service.
type RolloutMessage struct {
	At      time.Time `json:"at"`
	Message string    `json:"message"`
}
