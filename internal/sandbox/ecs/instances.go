package ecs

import (
	"encoding/json"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// What an instance has that the sandbox makes: an m7i.24xlarge, without what the agent
// keeps for itself.
const (
	instanceType   = "m7i.24xlarge"
	instanceCPU    = 96 * 1024
	instanceMemory = 382 * 1024
)

// addInstances gives a new cluster the instances that it begins with.
func (r *region) addInstances(c *cluster) {
	n, set := r.deps.Instances[c.Name]
	if !set && !r.deps.Strict {
		n = 1
	}
	for i := range n {
		r.engine.AddInstance(r.deps.Clock.Now(), rollout.Instance{
			ClusterARN: c.ARN, Zone: r.zone(i), CPU: instanceCPU, Memory: instanceMemory,
		})
	}
}

// zone returns the nth Availability Zone of the region, which has three.
func (r *region) zone(n int) string { return r.scope.Region + string(rune('a'+n%3)) }

// zoneOf returns the zone of a subnet. There is no EC2 to ask: the first subnet of an
// account that is heard of is in the first zone, the second in the second, and so on.
func (r *region) zoneOf(subnet string) string {
	zone, known := r.Subnets[subnet]
	if !known {
		zone = r.zone(len(r.Subnets))
		r.Subnets[subnet] = zone
	}
	return zone
}

// places returns the subnets of a network configuration for the scheduler.
func (r *region) places(n *networkConfiguration) []rollout.Place {
	if n == nil || n.AwsvpcConfiguration == nil {
		return nil
	}
	var places []rollout.Place
	for _, subnet := range n.AwsvpcConfiguration.Subnets {
		places = append(places, rollout.Place{Subnet: subnet, Zone: r.zoneOf(subnet)})
	}
	return places
}

type listInstancesIn struct {
	paging
	clusterIn
	Status string
}

type listInstancesOut struct {
	ARNs      []string `json:"containerInstanceArns"`
	NextToken string   `json:"nextToken,omitempty"`
}

func (c call) listInstances(cluster *cluster, in listInstancesIn) (listInstancesOut, error) {
	arns := []string{}
	for _, i := range c.engine.Instances(cluster.ARN) {
		if in.Status == "" || in.Status == active {
			arns = append(arns, i.ARN)
		}
	}
	arns, next, err := pageOfNames(in.paging, arns)
	return listInstancesOut{ARNs: arns, NextToken: next}, err
}

// instanceRecord is the ContainerInstance structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html
type instanceRecord struct {
	ARN            string      `json:"containerInstanceArn"`
	EC2            string      `json:"ec2InstanceId"`
	Status         string      `json:"status"`
	AgentConnected bool        `json:"agentConnected"`
	Running        int         `json:"runningTasksCount"`
	Pending        int         `json:"pendingTasksCount"`
	Registered     []resource  `json:"registeredResources"`
	Remaining      []resource  `json:"remainingResources"`
	Attributes     []nameValue `json:"attributes"`
	RegisteredAt   wire.Time   `json:"registeredAt"`
	Version        int         `json:"version"`
	Tags           []tag       `json:"tags"`
}

type resource struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Integer int    `json:"integerValue"`
}

func resources(n rollout.Needs) []resource {
	return []resource{{"CPU", "INTEGER", n.CPU}, {"MEMORY", "INTEGER", n.Memory}}
}

func (r *region) instanceRecord(i *rollout.Instance) instanceRecord {
	record := instanceRecord{
		ARN: i.ARN, EC2: i.EC2, Status: active, AgentConnected: true, RegisteredAt: wire.At(i.RegisteredAt), Version: 1, Tags: []tag{},
		Registered: resources(rollout.Needs{CPU: i.CPU, Memory: i.Memory}), Remaining: resources(i.Remaining()),
		Attributes: []nameValue{
			{"ecs.availability-zone", i.Zone}, {"ecs.instance-type", instanceType}, {"ecs.os-type", "linux"}, {"ecs.cpu-architecture", "x86_64"},
		},
	}
	for _, t := range i.Tasks() {
		switch t.LastStatus {
		case "RUNNING":
			record.Running++
		case "PROVISIONING", "PENDING", "ACTIVATING":
			record.Pending++
		}
	}
	return record
}

type describeInstancesIn struct {
	clusterIn
	ContainerInstances []string
}

type describeInstancesOut struct {
	ContainerInstances []instanceRecord `json:"containerInstances"`
	Failures           []failure        `json:"failures"`
}

func (c call) describeInstances(cluster *cluster, in describeInstancesIn) (describeInstancesOut, error) {
	out := describeInstancesOut{ContainerInstances: []instanceRecord{}, Failures: []failure{}}
	if len(in.ContainerInstances) == 0 {
		return out, invalidParameter("Container instance list cannot be empty.")
	}
	for _, id := range in.ContainerInstances {
		arn := c.instanceARN(cluster, id)
		if i := c.engine.Instance(arn); i != nil && i.ClusterARN == cluster.ARN {
			out.ContainerInstances = append(out.ContainerInstances, c.instanceRecord(i))
			continue
		}
		out.Failures = append(out.Failures, missing(arn))
	}
	return out, nil
}

func (r *region) instanceARN(cluster *cluster, id string) string {
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return r.scope.ARN("ecs", "container-instance/"+cluster.Name+"/"+id)
}

type registerInstanceIn struct {
	clusterIn
	InstanceIdentityDocument string
	TotalResources           []struct {
		Name         string
		IntegerValue int
	}
	Attributes []nameValue
}

type instanceOut struct {
	ContainerInstance instanceRecord `json:"containerInstance"`
}

// registerInstance is what the agent of an instance calls. The identity document says
// which instance it is, and where; no signature is checked.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterContainerInstance.html
func (c call) registerInstance(cluster *cluster, in registerInstanceIn) (instanceOut, error) {
	if len(in.Attributes) > 0 {
		return instanceOut{}, unsupported("attributes of one's own on container instances")
	}
	var identity struct{ InstanceID, AvailabilityZone string }
	if in.InstanceIdentityDocument != "" {
		if err := json.Unmarshal([]byte(in.InstanceIdentityDocument), &identity); err != nil {
			return instanceOut{}, clientError("Invalid instance identity document.")
		}
	}
	instance := rollout.Instance{
		ClusterARN: cluster.ARN, EC2: identity.InstanceID, Zone: identity.AvailabilityZone, CPU: instanceCPU, Memory: instanceMemory,
	}
	if instance.Zone == "" {
		instance.Zone = c.zone(len(c.engine.Instances(cluster.ARN)))
	}
	for _, total := range in.TotalResources {
		switch total.Name {
		case "CPU":
			instance.CPU = total.IntegerValue
		case "MEMORY":
			instance.Memory = total.IntegerValue
		}
	}
	return instanceOut{ContainerInstance: c.instanceRecord(c.engine.AddInstance(c.deps.Clock.Now(), instance))}, nil
}

type deregisterInstanceIn struct {
	clusterIn
	ContainerInstance string
	Force             bool
}

// deregisterInstance takes an instance away. With force its tasks go with it, as when the
// EC2 instance is terminated.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html
func (c call) deregisterInstance(cluster *cluster, in deregisterInstanceIn) (instanceOut, error) {
	i := c.engine.Instance(c.instanceARN(cluster, in.ContainerInstance))
	if i == nil || i.ClusterARN != cluster.ARN {
		return instanceOut{}, invalidParameter("The referenced container instance was not found.")
	}
	if len(i.Tasks()) > 0 && !in.Force {
		return instanceOut{}, invalidParameter("Found running tasks on the instance.")
	}
	record := c.instanceRecord(i)
	record.Status, record.AgentConnected = inactive, false
	c.engine.RemoveInstance(c.deps.Clock.Now(), i.ARN)
	return instanceOut{ContainerInstance: record}, nil
}
