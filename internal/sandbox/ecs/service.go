package ecs

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

type describeServicesIn struct {
	clusterIn
	Services, Include []string
}

type describeServicesOut struct {
	Services []serviceRecord `json:"services"`
	Failures []failure       `json:"failures"`
}

func (c call) describeServices(cluster *cluster, in describeServicesIn) (describeServicesOut, error) {
	out := describeServicesOut{Services: []serviceRecord{}, Failures: []failure{}}
	if err := checkBatch("Services", in.Services, 10); err != nil {
		return out, err
	}
	for _, id := range in.Services {
		s := c.service(cluster, id)
		if record, known := c.pastRecord(s, in.Include); known {
			if record != nil {
				out.Services = append(out.Services, *record)
				continue
			}
		} else if s != nil {
			out.Services = append(out.Services, c.serviceRecord(s, in.Include))
			continue
		}
		if !strings.HasPrefix(id, "arn:") {
			id = c.serviceARN(cluster, id)
		}
		out.Failures = append(out.Failures, missing(id))
	}
	return out, nil
}

type listServicesIn struct {
	paging
	clusterIn
	LaunchType, SchedulingStrategy, ResourceManagementType string
}

type listServicesOut struct {
	ARNs      []string `json:"serviceArns"`
	NextToken string   `json:"nextToken,omitempty"`
}

func (c call) listServices(cluster *cluster, in listServicesIn) (listServicesOut, error) {
	arns := c.names(cluster.ARN)
	switch manager := in.ResourceManagementType; manager {
	case "":
	case byCustomer, byECS:
		arns = slices.DeleteFunc(slices.Clone(arns), func(arn string) bool { return c.manager(arn) != manager })
	default:
		return listServicesOut{}, invalidParameter("resourceManagementType should be one of [CUSTOMER,ECS]")
	}
	if in.LaunchType != "" || in.SchedulingStrategy != "" {
		arns = slices.DeleteFunc(slices.Clone(arns), func(arn string) bool { return !in.wants(c.requested(c.engine.Service(arn))) })
	}
	arns, next, err := page(in.paging, list[string]{items: arns, key: itself}, 10)
	return listServicesOut{ARNs: arns, NextToken: next}, err
}

func (in listServicesIn) wants(own *settings) bool {
	return (in.LaunchType == "" || in.LaunchType == own.LaunchType) &&
		(in.SchedulingStrategy == "" || in.SchedulingStrategy == own.Scheduling)
}

// roster is the services of a cluster that are not INACTIVE, as they were when the
// scheduler's own list last changed.
type roster struct {
	version uint64
	arns    []string // sorted
}

// names returns the ARNs of a cluster's services, for reading alone. Clients go through
// them page by page, while they hardly ever change.
func (r *region) names(clusterARN string) []string {
	cached, ok := r.rosters[clusterARN]
	if ok && cached.version == r.engine.Roster() {
		return cached.arns
	}
	cached = roster{version: r.engine.Roster(), arns: []string{}}
	for _, s := range r.engine.Services(clusterARN) {
		if s.Status != inactive {
			cached.arns = append(cached.arns, s.Spec.ARN)
		}
	}
	slices.Sort(cached.arns)
	r.rosters[clusterARN] = cached
	return cached.arns
}

// serviceRecord is the Service structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
type serviceRecord struct {
	ARN                string                  `json:"serviceArn"`
	Name               string                  `json:"serviceName"`
	ClusterARN         string                  `json:"clusterArn"`
	Status             string                  `json:"status"`
	TaskDefinition     string                  `json:"taskDefinition,omitempty"`
	Desired            int                     `json:"desiredCount"`
	Running            int                     `json:"runningCount"`
	Pending            int                     `json:"pendingCount"`
	LaunchType         string                  `json:"launchType,omitempty"`
	Capacity           []capacityItem          `json:"capacityProviderStrategy,omitempty"`
	PlatformVersion    string                  `json:"platformVersion,omitempty"`
	PlatformFamily     string                  `json:"platformFamily,omitempty"`
	Scheduling         string                  `json:"schedulingStrategy"`
	Controller         deploymentController    `json:"deploymentController"`
	Configuration      deploymentConfiguration `json:"deploymentConfiguration"`
	Deployments        []deploymentRecord      `json:"deployments"`
	CurrentDeployment  string                  `json:"currentServiceDeployment,omitempty"`
	CurrentRevisions   []revisionCount         `json:"currentServiceRevisions"`
	Events             []eventRecord           `json:"events"`
	LoadBalancers      []loadBalancer          `json:"loadBalancers"`
	Registries         json.RawMessage         `json:"serviceRegistries"`
	Network            *networkConfiguration   `json:"networkConfiguration,omitempty"`
	Grace              *int                    `json:"healthCheckGracePeriodSeconds,omitempty"`
	RoleARN            string                  `json:"roleArn,omitempty"`
	CreatedAt          wire.Time               `json:"createdAt"`
	CreatedBy          string                  `json:"createdBy"`
	Constraints        json.RawMessage         `json:"placementConstraints"`
	PlacementStrategy  json.RawMessage         `json:"placementStrategy"`
	ManagedTags        bool                    `json:"enableECSManagedTags"`
	Exec               bool                    `json:"enableExecuteCommand"`
	PropagateTags      string                  `json:"propagateTags"`
	Rebalancing        string                  `json:"availabilityZoneRebalancing"`
	ResourceManagement string                  `json:"resourceManagementType"`
	Tags               []tag                   `json:"tags,omitempty"`
}

type eventRecord struct {
	ID        string    `json:"id"`
	CreatedAt wire.Time `json:"createdAt"`
	Message   string    `json:"message"`
}

// serviceRecord shows a service as it is now.
func (r *region) serviceRecord(s *rollout.Service, include []string) serviceRecord {
	own := r.settingsOf(s)
	record := serviceRecord{
		ARN: own.ARN, Name: own.Name, ClusterARN: own.ClusterARN, Status: s.Status,
		TaskDefinition: own.TaskDefinition,
		Desired:        s.Spec.Desired, Running: s.Running, Pending: s.Pending,
		LaunchType: own.LaunchType, Capacity: own.Capacity,
		Scheduling: own.Scheduling, Controller: deploymentController{Type: own.Controller},
		Configuration: own.Configuration,
		Deployments:   []deploymentRecord{}, CurrentRevisions: []revisionCount{}, Events: []eventRecord{},
		LoadBalancers: append([]loadBalancer{}, own.LoadBalancers...),
		Registries:    orEmptyList(own.Revision.Registries),
		Network:       own.Revision.Network, Grace: own.grace(),
		RoleARN:   r.roleARN(own),
		CreatedAt: wire.At(s.CreatedAt), CreatedBy: own.Other.CreatedBy,
		Constraints: orEmptyList(own.Other.Constraints), PlacementStrategy: spelledPlacement(own.Other.Strategy),
		ManagedTags: own.Other.ManagedTags, Exec: own.Other.Exec,
		PropagateTags: own.Other.Propagate, Rebalancing: own.Other.Rebalancing,
		ResourceManagement: r.manager(own.ARN),
		Tags:               r.tagsOf(own.ARN, include),
	}
	if record.ResourceManagement == byECS { // ecspresso#902
		record.TaskDefinition, record.LoadBalancers = "", []loadBalancer{}
	}
	if own.runsOn() == definition.Fargate {
		record.PlatformVersion, record.PlatformFamily = own.shownPlatform(), "Linux"
	}
	for _, d := range s.Deployments {
		record.Deployments = append(record.Deployments, deploymentRecordOf(d, s, own))
	}
	for _, e := range s.Events {
		record.Events = append(record.Events, eventRecord{ID: e.ID, CreatedAt: wire.At(e.At), Message: e.Message})
	}
	if own.Scheduling == rollout.Daemon && len(s.Deployments) > 0 {
		record.Desired = s.Deployments[0].Desired
	}
	record.CurrentDeployment, record.CurrentRevisions = current(s)
	return record
}

// Who manages a service: ECS those that Express Mode made.
const (
	byCustomer = "CUSTOMER"
	byECS      = "ECS"
)

func (r *region) manager(serviceARN string) string {
	if r.Managed[serviceARN] {
		return byECS
	}
	return byCustomer
}

// spelledPlacement returns placement strategies as ECS answers them: their fields have one
// spelling each (terraform-provider-aws, service.go; amazon-ecs-developer-guide#77).
func spelledPlacement(raw json.RawMessage) json.RawMessage {
	var strategies []map[string]any
	if json.Unmarshal(raw, &strategies) != nil || len(strategies) == 0 {
		return orEmptyList(raw)
	}
	for _, strategy := range strategies {
		switch field, _ := strategy["field"].(string); strings.ToLower(field) {
		case "host", "instanceid":
			strategy["field"] = "instanceId"
		case "cpu", "memory":
			strategy["field"] = strings.ToUpper(field)
		}
	}
	spelled, err := json.Marshal(strategies)
	if err != nil {
		return raw
	}
	return spelled
}

// grace returns the health check grace period, which ECS answers where the service
// has load balancers.
func (s *settings) grace() *int {
	if s.Grace == nil && len(s.LoadBalancers) > 0 {
		return new(0)
	}
	return s.Grace
}

func (s *settings) shownPlatform() string {
	if s.Platform == "" {
		return "LATEST"
	}
	return s.Platform
}

// roleARN returns the role that ECS acts by: the service-linked one where the service
// needs load balancers or network interfaces and names none.
func (r *region) roleARN(s *settings) string {
	switch {
	case s.Other.Role != "":
		return r.fullRole(s.Other.Role)
	case len(s.LoadBalancers) > 0 || s.Revision.Network != nil:
		return r.fullRole("aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")
	default:
		return ""
	}
}

// fullRole returns the ARN of a role that was named by it or by its name.
func (r *region) fullRole(role string) string {
	if role == "" || strings.HasPrefix(role, "arn:") {
		return role
	}
	return "arn:aws:iam::" + r.scope.Account + ":role/" + strings.TrimPrefix(role, "/")
}
