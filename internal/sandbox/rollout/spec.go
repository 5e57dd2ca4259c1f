package rollout

import (
	"encoding/json"
	"time"
)

// TaskSpec is what of a task definition matters when a task runs. It does not change:
// one ARN always stands for the same TaskSpec.
type TaskSpec struct {
	ARN        string          `json:"arn"` // of the task definition
	Family     string          `json:"family"`
	Revision   int             `json:"revision"`
	CPU        string          `json:"cpu,omitempty"` // as registered
	Memory     string          `json:"memory,omitempty"`
	Containers []ContainerSpec `json:"containers"`
	Needs      Needs           `json:"needs,omitzero"` // of an instance
}

// ContainerSpec is one container of a task definition.
type ContainerSpec struct {
	Name        string            `json:"name"`
	Image       string            `json:"image"`
	Essential   bool              `json:"essential"`
	MemoryMiB   int               `json:"memoryMiB,omitempty"` // hard limit, 0 where there is none
	CPU         int               `json:"cpu,omitempty"`       // units
	Ports       []Port            `json:"ports,omitempty"`     // of the instance
	Health      *HealthCheck      `json:"health,omitempty"`
	StopTimeout time.Duration     `json:"stopTimeout,omitempty"` // 0 means ECS's 30 seconds
	LogDriver   string            `json:"logDriver,omitempty"`
	LogOptions  map[string]string `json:"logOptions,omitempty"`
	// VersionConsistencyOff is set where the task definition says "disabled".
	VersionConsistencyOff bool `json:"versionConsistencyOff,omitempty"`
}

// HealthCheck is a container's health check. Zero members take ECS's defaults:
// interval 30 s, timeout 5 s, 3 retries, no start period.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
type HealthCheck struct {
	Interval    time.Duration `json:"interval,omitempty"`
	Timeout     time.Duration `json:"timeout,omitempty"`
	Retries     int           `json:"retries,omitempty"`
	StartPeriod time.Duration `json:"startPeriod,omitempty"`
}

// The scheduling strategies.
const (
	Replica = "REPLICA"
	Daemon  = "DAEMON"
)

// ServiceSpec is what a user asks of a service: the input of CreateService, and of
// UpdateService once the members that the call left out are filled in from what was.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
type ServiceSpec struct {
	ARN        string    `json:"arn"`
	Name       string    `json:"name"`
	ClusterARN string    `json:"clusterArn"`
	Task       *TaskSpec `json:"task"`
	Desired    int       `json:"desired"`
	Strategy   string    `json:"strategy,omitempty"`   // Replica or Daemon; "" means Replica
	Controller string    `json:"controller,omitempty"` // ECS, CODE_DEPLOY or EXTERNAL; "" means ECS

	MinHealthyPercent int           `json:"minHealthyPercent"` // taken as it is: the API fills in 100 (0 for Daemon)
	MaxPercent        int           `json:"maxPercent"`        // taken as it is: the API fills in 200
	Breaker           Breaker       `json:"breaker"`
	Alarms            Alarms        `json:"alarms"`
	BakeTime          time.Duration `json:"bakeTime,omitempty"` // with ROLLING it counts only with alarms on
	Grace             time.Duration `json:"grace,omitempty"`    // health check grace period

	// Rollout is the deployment strategy: Rolling, BlueGreen, Linear or Canary; ""
	// means Rolling. Shift and Hooks count for the native ones.
	Rollout string `json:"rollout,omitempty"`
	Shift   Shift  `json:"shift,omitzero"`
	Hooks   []Hook `json:"hooks,omitempty"`

	LoadBalancers   []LoadBalancer `json:"loadBalancers,omitempty"`
	LaunchType      string         `json:"launchType,omitempty"`
	PlatformVersion string         `json:"platformVersion,omitempty"`
	// Capacity says what tasks run on; empty where LaunchType says it. A change of it
	// starts no deployment.
	Capacity []Capacity `json:"capacity,omitempty"`

	// Places are the subnets of the network configuration; empty where there is none.
	Places []Place `json:"places,omitempty"`

	// Revision holds the members whose change starts a deployment and that the
	// engine does not read: network configuration, service registries, Service
	// Connect, volumes, VPC Lattice. It is compared as JSON.
	Revision json.RawMessage `json:"revision,omitempty"`
	// Other holds the members whose change starts none: tags' propagation, roles,
	// placement. The engine keeps it for the API.
	Other json.RawMessage `json:"other,omitempty"`
}

// LoadBalancer ties a container's port to a target group.
type LoadBalancer struct {
	TargetGroup string `json:"targetGroup"` // ARN
	Container   string `json:"container"`
	Port        int    `json:"port"`
	// Alternate is the target group that every other revision of a service with a
	// native strategy uses; "" where there is none.
	Alternate string `json:"alternate,omitempty"`
	// The listener rules and the role by which traffic is shifted, kept for the API.
	Production string `json:"production,omitempty"`
	Test       string `json:"test,omitempty"`
	Role       string `json:"role,omitempty"`
}

// The ways to say how many failures trip the circuit breaker.
const (
	BoundedPercent   = "BOUNDED_PERCENT"
	UnboundedPercent = "UNBOUNDED_PERCENT"
	Count            = "COUNT"
)

// Breaker is a deployment circuit breaker.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
type Breaker struct {
	Enable   bool `json:"enable"`
	Rollback bool `json:"rollback"`
	// KeepCount is resetOnHealthyTask=false: the count of failures is not reset by
	// a task that runs well.
	KeepCount      bool   `json:"keepCount,omitempty"`
	ThresholdType  string `json:"thresholdType,omitempty"`  // "" means BoundedPercent
	ThresholdValue int    `json:"thresholdValue,omitempty"` // 0 means 50
}

// Alarms are CloudWatch alarms that fail a deployment.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
type Alarms struct {
	Names    []string `json:"names,omitempty"`
	Enable   bool     `json:"enable"`
	Rollback bool     `json:"rollback"`
}
