package ecs

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// settings is a service as the API sees it: what was asked for, complete. The members
// that the scheduler does not read travel in its spec as JSON.
type settings struct {
	ARN            string
	Name           string
	ClusterARN     string
	TaskDefinition string // ARN
	Desired        int
	Controller     string
	Scheduling     string
	LaunchType     string         // "" where a capacity provider strategy is used
	Capacity       []capacityItem `json:",omitempty"`
	Platform       string         // as asked for: LATEST or a number
	Grace          *int           `json:",omitempty"`
	LoadBalancers  []loadBalancer `json:",omitempty"`
	Configuration  deploymentConfiguration
	Revision       revisionMembers // a change starts a deployment
	Other          otherMembers    // a change starts none
}

// revisionMembers are part of a service revision.
type revisionMembers struct {
	Network        *networkConfiguration `json:"networkConfiguration,omitempty"`
	Registries     json.RawMessage       `json:"serviceRegistries,omitempty"`
	ServiceConnect json.RawMessage       `json:"serviceConnectConfiguration,omitempty"`
	Volumes        json.RawMessage       `json:"volumeConfigurations,omitempty"`
	Lattice        json.RawMessage       `json:"vpcLatticeConfigurations,omitempty"`
}

// otherMembers are the service's own.
type otherMembers struct {
	CreatedBy   string
	Role        string
	Propagate   string
	ManagedTags bool
	Exec        bool
	Rebalancing string
	Constraints json.RawMessage `json:",omitempty"`
	Strategy    json.RawMessage `json:",omitempty"`
	Monitoring  json.RawMessage `json:",omitempty"`
	Connectors  json.RawMessage `json:",omitempty"`
}

// apply changes the settings by the members that a request has.
func (s *settings) apply(in *serviceRequest) error {
	set(&s.Desired, in.DesiredCount)
	set(&s.LaunchType, in.LaunchType)
	set(&s.Platform, in.PlatformVersion)
	set(&s.LoadBalancers, in.LoadBalancers)
	set(&s.Other.Propagate, in.PropagateTags)
	set(&s.Other.ManagedTags, in.EnableECSManagedTags)
	set(&s.Other.Exec, in.EnableExecuteCommand)
	set(&s.Other.Rebalancing, in.AvailabilityZoneRebalancing)
	if in.HealthCheckGracePeriodSeconds != nil {
		s.Grace = in.HealthCheckGracePeriodSeconds
	}
	if in.NetworkConfiguration != nil {
		s.Revision.Network = in.NetworkConfiguration
		s.Revision.Network.complete()
	}
	for _, member := range []struct {
		to   *json.RawMessage
		from json.RawMessage
	}{
		{&s.Revision.Registries, in.ServiceRegistries},
		{&s.Revision.ServiceConnect, in.ServiceConnectConfiguration},
		{&s.Revision.Volumes, in.VolumeConfigurations},
		{&s.Revision.Lattice, in.VpcLatticeConfigurations},
		{&s.Other.Constraints, in.PlacementConstraints},
		{&s.Other.Strategy, in.PlacementStrategy},
		{&s.Other.Monitoring, in.Monitoring},
		{&s.Other.Connectors, in.GatewayConnectors},
	} {
		if member.from != nil {
			*member.to = member.from
		}
	}
	s.Configuration = s.Configuration.merge(in.DeploymentConfiguration).complete(s.Scheduling)
	return s.applyCapacity(in.CapacityProviderStrategy)
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (s *settings) applyCapacity(raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	var items []capacityItem
	if err := json.Unmarshal(raw, &items); err != nil {
		return refused("SerializationException", "%v", err)
	}
	if s.Capacity = items; len(items) > 0 {
		s.LaunchType = ""
	}
	return nil
}

// runsOn returns the launch type of the tasks.
func (s *settings) runsOn() string {
	if s.LaunchType == "" && len(s.Capacity) > 0 && isFargateProvider(s.Capacity[0].CapacityProvider) {
		return fargate
	}
	return s.LaunchType
}

const (
	fargate        = "FARGATE"
	ec2            = "EC2"
	latestPlatform = "1.4.0" // what LATEST stands for on Linux
)

// spec returns what the scheduler is told of the service.
func (s *settings) spec(task *rollout.TaskSpec) (rollout.ServiceSpec, error) {
	capacity, errC := json.Marshal(s.Capacity)
	revision, errR := json.Marshal(s.Revision)
	own, errO := json.Marshal(s)
	for _, err := range []error{errC, errR, errO} {
		if err != nil {
			return rollout.ServiceSpec{}, fmt.Errorf("encoding service %q: %w", s.Name, err)
		}
	}
	spec := rollout.ServiceSpec{
		ARN: s.ARN, Name: s.Name, ClusterARN: s.ClusterARN,
		Task: task, Desired: s.Desired, Strategy: s.Scheduling, Controller: s.Controller,
		LaunchType: s.runsOn(), PlatformVersion: s.platform(),
		CapacityProviders: capacity, Revision: revision, Other: own,
	}
	if s.Grace != nil {
		spec.Grace = time.Duration(*s.Grace) * time.Second
	}
	for _, lb := range s.LoadBalancers {
		spec.LoadBalancers = append(spec.LoadBalancers, rollout.LoadBalancer{
			TargetGroup: lb.TargetGroupARN, Container: lb.ContainerName, Port: lb.ContainerPort,
		})
	}
	s.Configuration.apply(&spec)
	return spec, nil
}

// platform returns the platform version that tasks get, "" outside of Fargate.
func (s *settings) platform() string {
	if s.runsOn() != fargate {
		return ""
	}
	if s.Platform == "" || s.Platform == "LATEST" {
		return latestPlatform
	}
	return s.Platform
}

// settingsOf returns what spec put into the scheduler, as it is now: a rollback brings
// back what the earlier revision had.
func settingsOf(s *rollout.Service) *settings {
	var own settings
	_ = json.Unmarshal(s.Spec.Other, &own) // it was encoded by spec
	if len(s.Deployments) == 0 {
		return &own
	}
	primary := s.Deployments[0]
	own.TaskDefinition = primary.TaskDefinition
	if revision := revisionOf(s, primary.RevisionARN); revision != nil {
		own.Revision = membersOf(revision)
	}
	return &own
}

// taskSpec returns what the scheduler is told of a task definition.
func (d *taskDefinition) taskSpec() *rollout.TaskSpec {
	content := d.content()
	spec := &rollout.TaskSpec{
		ARN: d.ARN, Family: d.Family, Revision: d.Revision, CPU: content.CPU, Memory: content.Memory,
	}
	for i := range content.ContainerDefinitions {
		spec.Containers = append(spec.Containers, content.ContainerDefinitions[i].spec())
	}
	return spec
}

func (c *container) spec() rollout.ContainerSpec {
	spec := rollout.ContainerSpec{
		Name: c.Name, Image: c.Image, Essential: c.essential(), CPU: c.CPU,
		VersionConsistencyOff: strings.EqualFold(c.VersionConsistency, "disabled"),
	}
	if c.Memory != nil {
		spec.MemoryMiB = *c.Memory
	}
	spec.StopTimeout = seconds(c.StopTimeout)
	if l := c.LogConfiguration; l != nil {
		spec.LogDriver, spec.LogOptions = l.LogDriver, l.Options
	}
	if h := c.HealthCheck; h != nil && !h.disabled() {
		spec.Health = &rollout.HealthCheck{
			Interval: seconds(h.Interval), Timeout: seconds(h.Timeout), StartPeriod: seconds(h.StartPeriod),
		}
		set(&spec.Health.Retries, h.Retries)
	}
	return spec
}

// disabled tells whether the check only switches the image's own off.
func (h *healthCheck) disabled() bool { return len(h.Command) == 1 && h.Command[0] == "NONE" }

func seconds(n *int) time.Duration {
	if n == nil {
		return 0
	}
	return time.Duration(*n) * time.Second
}
