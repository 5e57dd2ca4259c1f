package ecs

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// serviceRequest is what CreateService and UpdateService take. A member that was left
// out is nil; UpdateService then leaves what is.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
type serviceRequest struct {
	Cluster        string
	ServiceName    string // CreateService
	Service        string // UpdateService: a name or an ARN
	ClientToken    string
	TaskDefinition *string
	DesiredCount   *int

	LaunchType                    *string
	CapacityProviderStrategy      json.RawMessage
	PlatformVersion               *string
	SchedulingStrategy            string
	DeploymentController          *deploymentController
	DeploymentConfiguration       *deploymentConfiguration
	HealthCheckGracePeriodSeconds *int
	LoadBalancers                 *[]loadBalancer
	NetworkConfiguration          *networkConfiguration
	ServiceRegistries             json.RawMessage
	ServiceConnectConfiguration   json.RawMessage
	VolumeConfigurations          json.RawMessage
	VpcLatticeConfigurations      json.RawMessage

	Role                        string
	PropagateTags               *string
	EnableECSManagedTags        *bool `json:"enableECSManagedTags"`
	EnableExecuteCommand        *bool
	PlacementConstraints        json.RawMessage
	PlacementStrategy           json.RawMessage
	AvailabilityZoneRebalancing *string
	Monitoring                  json.RawMessage
	GatewayConnectors           json.RawMessage
	Tags                        []tag
	ForceNewDeployment          bool
}

type deploymentController struct {
	Type string `json:"type"`
}

// networkConfiguration is where the tasks' network interfaces are.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
type networkConfiguration struct {
	AwsvpcConfiguration *awsvpcConfiguration `json:"awsvpcConfiguration,omitempty"`
}

type awsvpcConfiguration struct {
	Subnets        []string `json:"subnets"`
	SecurityGroups []string `json:"securityGroups"`
	AssignPublicIP string   `json:"assignPublicIp"`
}

// complete fills in what ECS answers for members that were left out.
func (n *networkConfiguration) complete() {
	if n == nil || n.AwsvpcConfiguration == nil {
		return
	}
	v := n.AwsvpcConfiguration
	v.SecurityGroups = append([]string{}, v.SecurityGroups...)
	if v.AssignPublicIP == "" {
		v.AssignPublicIP = "DISABLED"
	}
}

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
		if given(member.from) {
			*member.to = notEmpty(member.from)
		}
	}
	s.Configuration = s.Configuration.merge(in.DeploymentConfiguration).complete(s.Scheduling)
	return s.applyCapacity(in)
}

// given reports whether a member was sent; null is ECS's word for not.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// notEmpty turns an empty list into none, so that sending one changes nothing where
// there was none.
func notEmpty(raw json.RawMessage) json.RawMessage {
	if string(raw) == "[]" {
		return nil
	}
	return raw
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

const (
	latestPlatform = "1.4.0" // what LATEST stands for on Linux
)

// spec returns what the scheduler has to know of the service.
func (s *settings) spec(task *rollout.TaskSpec) (rollout.ServiceSpec, error) {
	revision, errR := json.Marshal(s.Revision)
	own, errO := json.Marshal(s)
	for _, err := range []error{errR, errO} {
		if err != nil {
			return rollout.ServiceSpec{}, fmt.Errorf("encoding service %q: %w", s.Name, err)
		}
	}
	spec := rollout.ServiceSpec{
		ARN: s.ARN, Name: s.Name, ClusterARN: s.ClusterARN,
		Task: task, Desired: s.Desired, Strategy: s.Scheduling, Controller: s.Controller,
		LaunchType: s.runsOn(), PlatformVersion: s.platform(), LoadBalancers: s.balancers(),
		Capacity: s.capacity(), Revision: revision, Other: own,
	}
	if s.Grace != nil {
		spec.Grace = time.Duration(*s.Grace) * time.Second
	}
	s.Configuration.apply(&spec)
	return spec, nil
}

// platform returns the platform version that tasks get, "" outside of Fargate.
func (s *settings) platform() string {
	if s.runsOn() != definition.Fargate {
		return ""
	}
	if s.Platform == "" || s.Platform == "LATEST" {
		return latestPlatform
	}
	return s.Platform
}

// settingsOf returns what spec put into the scheduler, as it is now: a rollback brings
// back what belongs to the revision before.
func settingsOf(s *rollout.Service) *settings { return asItIs(s, decodedSettings(s)) }

// decodedSettings returns what spec encoded.
func decodedSettings(s *rollout.Service) settings {
	var own settings
	_ = json.Unmarshal(s.Spec.Other, &own) // spec encoded both
	own.Revision = revisionMembers{}
	_ = json.Unmarshal(s.Spec.Revision, &own.Revision)
	return own
}

func asItIs(s *rollout.Service, own settings) *settings {
	if s.Spec.Task != nil {
		own.TaskDefinition = s.Spec.Task.ARN
	}
	if !slices.Equal(own.capacity(), s.Spec.Capacity) {
		own.Capacity = capacityItemsOf(s.Spec.Capacity)
		if own.LaunchType = ""; len(own.Capacity) == 0 {
			own.LaunchType = s.Spec.LaunchType
		}
	}
	if own.platform() != s.Spec.PlatformVersion {
		own.Platform = s.Spec.PlatformVersion
	}
	if !slices.Equal(own.balancers(), s.Spec.LoadBalancers) {
		own.LoadBalancers = loadBalancersOf(s.Spec.LoadBalancers)
	}
	return &own
}

// capacityItemsOf turns what capacity returns back.
func capacityItemsOf(capacity []rollout.Capacity) []capacityItem {
	var all []capacityItem
	for _, c := range capacity {
		all = append(all, capacityItem{CapacityProvider: c.Provider, Weight: c.Weight, Base: c.Base})
	}
	return all
}

// capacity returns the capacity provider strategy for the scheduler.
func (s *settings) capacity() []rollout.Capacity {
	var all []rollout.Capacity
	for _, item := range s.Capacity {
		all = append(all, rollout.Capacity{Provider: lastPart(item.CapacityProvider), Weight: item.Weight, Base: item.Base})
	}
	return all
}
