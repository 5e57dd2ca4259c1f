package ecs

import (
	"encoding/json"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// serviceRevisionRecord is the ServiceRevision structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html
type serviceRevisionRecord struct {
	ARN             string                 `json:"serviceRevisionArn"`
	ServiceARN      string                 `json:"serviceArn"`
	ClusterARN      string                 `json:"clusterArn"`
	TaskDefinition  string                 `json:"taskDefinition"`
	LaunchType      string                 `json:"launchType,omitempty"`
	Capacity        []capacityItem         `json:"capacityProviderStrategy,omitempty"`
	PlatformVersion string                 `json:"platformVersion,omitempty"`
	PlatformFamily  string                 `json:"platformFamily,omitempty"`
	LoadBalancers   []loadBalancer         `json:"loadBalancers,omitempty"`
	Images          []imageRecord          `json:"containerImages"`
	Network         *networkConfiguration  `json:"networkConfiguration,omitempty"`
	Registries      json.RawMessage        `json:"serviceRegistries,omitempty"`
	ServiceConnect  json.RawMessage        `json:"serviceConnectConfiguration,omitempty"`
	Volumes         json.RawMessage        `json:"volumeConfigurations,omitempty"`
	Lattice         json.RawMessage        `json:"vpcLatticeConfigurations,omitempty"`
	GuardDuty       bool                   `json:"guardDutyEnabled"`
	Resolved        *resolvedConfiguration `json:"resolvedConfiguration,omitempty"`
	CreatedAt       wire.Time              `json:"createdAt"`
}

// resolvedConfiguration is the ResolvedConfiguration structure of an answer: which target
// groups the revision really has.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ResolvedConfiguration.html
type resolvedConfiguration struct {
	LoadBalancers []resolvedBalancer `json:"loadBalancers"`
}

type resolvedBalancer struct {
	TargetGroup string `json:"targetGroupArn"`
	Rule        string `json:"productionListenerRule,omitempty"`
}

func resolved(r *rollout.ServiceRevision) *resolvedConfiguration {
	if len(r.LoadBalancers) == 0 {
		return nil
	}
	c := &resolvedConfiguration{}
	for _, lb := range r.Balancers() {
		c.LoadBalancers = append(c.LoadBalancers, resolvedBalancer{lb.TargetGroup, lb.Production})
	}
	return c
}

type imageRecord struct {
	Container string `json:"containerName"`
	Image     string `json:"image"`
	Digest    string `json:"imageDigest,omitempty"`
}

func serviceRevisionRecordOf(r *rollout.ServiceRevision, s *rollout.Service) serviceRevisionRecord {
	members := membersOf(r)
	record := serviceRevisionRecord{
		ARN: r.ARN, ServiceARN: s.Spec.ARN, ClusterARN: s.Spec.ClusterARN, TaskDefinition: r.TaskDefinition,
		LaunchType: r.LaunchType, LoadBalancers: loadBalancersOf(r.LoadBalancers), Images: []imageRecord{},
		Network: members.Network, Registries: members.Registries, ServiceConnect: members.ServiceConnect,
		Volumes: members.Volumes, Lattice: members.Lattice, CreatedAt: wire.At(r.CreatedAt), Resolved: resolved(r),
	}
	if record.Capacity = capacityItemsOf(r.Capacity); len(record.Capacity) > 0 {
		record.LaunchType = "" // ECS answers one or the other
	}
	if r.LaunchType == definition.Fargate {
		record.PlatformVersion, record.PlatformFamily = r.PlatformVersion, "Linux"
	}
	for _, i := range r.Images {
		record.Images = append(record.Images, imageRecord{Container: i.Container, Image: i.Image, Digest: i.Digest})
	}
	return record
}
