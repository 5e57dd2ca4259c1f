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

// Options say how an Engine behaves. The zero value is useful.
type Options struct {
	// Seed makes the ids that the engine gives; two engines with one seed and the same
	// calls give the same ids.
	Seed string
	// Timings say how long things take; zero members take the defaults.
	Timings Timings
	// Batch is how many tasks of a deployment the scheduler starts at once. 0 means 10.
	Batch int
}

// Timings say how long things take, in the engine's time. With the defaults a calm
// rollout takes about 80 seconds without a load balancer and 145 with one, as traces
// of Fargate services do, and three tasks that cannot pull fail within six minutes.
type Timings struct {
	Schedule    time.Duration // from a change of a service to the scheduler's first act: 2 s
	Round       time.Duration // between two batches of one deployment: 5 s
	Provision   time.Duration // PROVISIONING, the network interface: 5 s
	Pull        time.Duration // pulling images that are there: 8 s
	GiveUp      time.Duration // until a task that cannot be launched fails: 80 s
	Report      time.Duration // containers must live so long for the task to be seen RUNNING: 5 s
	Activate    time.Duration // ACTIVATING, registering targets: 8 s
	Settle      time.Duration // RUNNING to healthy, with neither load balancer nor health check: 40 s
	Drain       time.Duration // the target groups' deregistration delay: 60 s
	Deprovision time.Duration // DEPROVISIONING: 20 s
	Bake        time.Duration // with alarms and no bake time: 3 min
	AlarmPoll   time.Duration // between two looks at the alarms: 15 s
	Shift       time.Duration // of traffic, in one step of a native strategy: 5 s
	Hook        time.Duration // until the function of a lifecycle hook answers: 2 s
	Backoff     time.Duration // after the first launch failure, doubling: 30 s
	BackoffMax  time.Duration // 27 min
	Rollback    time.Duration // a rollback takes at least so long: 1 min
	Steady      time.Duration // between two words of a steady state: 6 h
	Forget      time.Duration // how long a stopped task can be described: 1 h

	TargetInterval time.Duration // between two health checks of a target: 30 s
	TargetHealthy  int           // successes that make an unhealthy target healthy: 5
	TargetFailed   int           // failures that make a target unhealthy: 2
}

// withDefaults returns o with the useful values where it has none.
func (o Options) withDefaults() Options {
	if o.Batch == 0 {
		o.Batch = 10
	}
	o.Timings = o.Timings.withDefaults()
	return o
}

// withDefaults takes its figures from AWS's documentation where it gives any: 40 s to
// count as healthy and the backoff's 27 minutes from the service scheduler's pages, an
// hour from DescribeTasks, 30 s, five and two from the Application Load Balancer's
// target groups. The others follow public traces of Fargate services.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
func (t Timings) withDefaults() Timings {
	or := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	or(&t.Schedule, 2*time.Second)
	or(&t.Round, 5*time.Second)
	or(&t.Provision, 5*time.Second)
	or(&t.Pull, 8*time.Second)
	or(&t.GiveUp, 80*time.Second)
	or(&t.Report, 5*time.Second)
	or(&t.Activate, 8*time.Second)
	or(&t.Settle, 40*time.Second)
	or(&t.Drain, time.Minute)
	or(&t.Deprovision, 20*time.Second)
	or(&t.Bake, 3*time.Minute)
	or(&t.AlarmPoll, 15*time.Second)
	or(&t.Shift, 5*time.Second)
	or(&t.Hook, 2*time.Second)
	or(&t.Backoff, 30*time.Second)
	or(&t.BackoffMax, 27*time.Minute)
	or(&t.Rollback, time.Minute)
	or(&t.Steady, 6*time.Hour)
	or(&t.Forget, time.Hour)
	or(&t.TargetInterval, 30*time.Second)
	if t.TargetHealthy == 0 {
		t.TargetHealthy = 5
	}
	if t.TargetFailed == 0 {
		t.TargetFailed = 2
	}
	return t
}
