package ecs

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

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

// deploymentRecord is the Deployment structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
type deploymentRecord struct {
	ID              string                `json:"id"`
	Status          string                `json:"status"`
	TaskDefinition  string                `json:"taskDefinition"`
	Desired         int                   `json:"desiredCount"`
	Pending         int                   `json:"pendingCount"`
	Running         int                   `json:"runningCount"`
	Failed          int                   `json:"failedTasks"`
	CreatedAt       wire.Time             `json:"createdAt"`
	UpdatedAt       wire.Time             `json:"updatedAt"`
	LaunchType      string                `json:"launchType,omitempty"`
	Capacity        []capacityItem        `json:"capacityProviderStrategy,omitempty"`
	PlatformVersion string                `json:"platformVersion,omitempty"`
	PlatformFamily  string                `json:"platformFamily,omitempty"`
	Network         *networkConfiguration `json:"networkConfiguration,omitempty"`
	ServiceConnect  json.RawMessage       `json:"serviceConnectConfiguration,omitempty"`
	Discovered      []discoveredService   `json:"serviceConnectResources,omitempty"`
	Volumes         json.RawMessage       `json:"volumeConfigurations,omitempty"`
	Lattice         json.RawMessage       `json:"vpcLatticeConfigurations,omitempty"`
	RolloutState    string                `json:"rolloutState"`
	RolloutReason   string                `json:"rolloutStateReason"`
}

func deploymentRecordOf(d *rollout.Deployment, s *rollout.Service, own *settings) deploymentRecord {
	record := deploymentRecord{
		ID: d.ID, Status: d.Status, TaskDefinition: d.TaskDefinition,
		Desired: d.Desired, Pending: d.Pending, Running: d.Running, Failed: d.Failed,
		CreatedAt: wire.At(d.CreatedAt), UpdatedAt: wire.At(d.UpdatedAt),
		LaunchType: own.LaunchType, Capacity: own.Capacity,
		RolloutState: d.RolloutState, RolloutReason: d.RolloutReason,
	}
	if awaited(s, d) {
		record.Desired = 0
	}
	revision := revisionOf(s, d.RevisionARN)
	if revision == nil {
		return record
	}
	if revision.LaunchType == definition.Fargate {
		record.PlatformVersion, record.PlatformFamily = revision.PlatformVersion, "Linux"
	}
	members := membersOf(revision)
	record.Network, record.ServiceConnect = members.Network, members.ServiceConnect
	record.Volumes, record.Lattice = members.Volumes, members.Lattice
	record.Discovered = discovered(own.ARN, members.ServiceConnect)
	return record
}

// awaited reports whether the scheduler has not looked at a deployment yet. Until then ECS
// answers that no task of it is wanted, and no current service deployment.
func awaited(s *rollout.Service, d *rollout.Deployment) bool {
	return len(s.History) > 0 && s.History[0].DeploymentID == d.ID && s.History[0].Status == "PENDING"
}

// discoveredService is the ServiceConnectServiceResource structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectServiceResource.html
type discoveredService struct {
	Name string `json:"discoveryName"`
	ARN  string `json:"discoveryArn"`
}

// discovered returns the services of Cloud Map that ECS made for Service Connect.
func discovered(serviceARN string, configuration json.RawMessage) []discoveredService {
	var c struct {
		Enabled  bool
		Services []struct{ PortName, DiscoveryName string }
	}
	if json.Unmarshal(configuration, &c) != nil || !c.Enabled {
		return nil
	}
	place, _, _ := strings.Cut(strings.TrimPrefix(serviceARN, "arn:aws:ecs:"), ":service/")
	var services []discoveredService
	for _, s := range c.Services {
		name := cmp.Or(s.DiscoveryName, s.PortName)
		id := fmt.Sprintf("%x", sha256.Sum256([]byte(serviceARN+"\n"+name)))[:16]
		services = append(services, discoveredService{name, "arn:aws:servicediscovery:" + place + ":service/srv-" + id})
	}
	return services
}

func revisionOf(s *rollout.Service, arn string) *rollout.ServiceRevision {
	for _, r := range s.Revisions {
		if r.ARN == arn {
			return r
		}
	}
	return nil
}

// membersOf returns what spec put into a revision for the API.
func membersOf(r *rollout.ServiceRevision) revisionMembers {
	var members revisionMembers
	_ = json.Unmarshal(r.Extra, &members)
	return members
}
